"""The smallest scan that a network can be given."""

import numpy as np

from tasks.core.files.scan_record import Geometry, Scan
from tasks.core.physics.probe import defocused_zone_plate_probe


def scan_of(n_px=16, photons=4.0, defocus_rad=0.0):
    rng = np.random.default_rng(2)
    return Scan(
        diffraction_counts=rng.poisson(photons, size=(9, n_px, n_px)).astype(np.uint16),
        positions_px=np.stack(np.mgrid[60:90:10, 100:130:10], axis=-1).reshape(-1, 2) + 0.25,
        probe=32 * defocused_zone_plate_probe(n_px, 0.6, 0.0, defocus_rad),
        geometry=Geometry(8000.0, 2.0, 75e-6),
        provenance={},
    )
