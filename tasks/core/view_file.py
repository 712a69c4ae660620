"""A view: which exposures of a scan are used."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tasks.core.files import read_json
from tasks.core.scan_file import Scan, read_scan, read_scan_header


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
    indices = np.asarray(view["indices"], dtype=np.intp)
    n_exposures = len(read_scan_header(scan_path))
    if view["n_exposures"] != n_exposures:
        raise ValueError(
            f"The view {view_path.name} was made for a scan of {view['n_exposures']} exposures, "
            f"but {scan_path.name} has {n_exposures}. Make the view again from this scan."
        )
    scan = read_scan(scan_path, indices)
    return replace(scan, provenance=scan.provenance | {"view": view["view"]})
