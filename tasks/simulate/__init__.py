"""Phase C: object, probe, scan and dose make diffraction counts."""
