"""A view: which exposures of a scan are used."""

from pathlib import Path

import numpy as np

from tasks.core.files import read_json
from tasks.core.scan_file import Scan, read_scan


def read_view(scan_path: Path, view_path: Path) -> Scan:
    """Read the exposures of a scan that a view has chosen.

    Args:
        scan_path: CXI file of the whole scan.
        view_path: JSON file of the view, with the scan indices under `indices`.

    Returns:
        The chosen part of the scan.

    Raises:
        ValueError: If a file is damaged, or the view does not belong to the scan.
    """
    view = read_json(view_path)
    scan = read_scan(scan_path)
    indices = np.asarray(view["indices"], dtype=np.intp)
    if view["n_exposures"] != len(scan):
        raise ValueError(
            f"The view {view_path.name} was made for a scan of {view['n_exposures']} exposures, "
            f"but {scan_path.name} has {len(scan)}. Make the view again from this scan."
        )
    return Scan(
        diffraction_counts=scan.diffraction_counts[indices],
        positions_px=scan.positions_px[indices],
        probe=scan.probe,
        geometry=scan.geometry,
        provenance=scan.provenance | {"view": view["view"]},
    )
