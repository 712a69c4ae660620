"""A view: which exposures of a scan are used."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tasks.core.files.atomic_files import read_json, scratch_array
from tasks.core.files.scan_file import Scan, ScanReader, read_scan_header
from tasks.core.files.scan_reader import CACHE_BYTES


def open_view(scan_path: Path, view_path: Path, *, cache_bytes: int = CACHE_BYTES) -> ScanReader:
    """Open the exposures of a scan that a view has chosen; their patterns are read when asked for.

    Args:
        scan_path: CXI file of the whole scan.
        view_path: JSON file of the view, with the scan indices under `indices`.
        cache_bytes: Most memory that unpacked patterns may take [bytes].

    Returns:
        The chosen part of the scan.

    Raises:
        ValueError: If a file is damaged, or the view does not belong to the scan.
    """
    view = read_json(view_path)
    n_exposures = len(read_scan_header(scan_path))
    if view["n_exposures"] != n_exposures:
        raise ValueError(
            f"The view {view_path.name} was made for a scan of {view['n_exposures']} exposures, "
            f"but {scan_path.name} has {n_exposures}. Make the view again from this scan."
        )
    indices = np.asarray(view["indices"], dtype=np.intp)
    reader = ScanReader(scan_path, indices, cache_bytes=cache_bytes)
    provenance = reader.header.provenance | {"view": view["view"]}
    reader.header = replace(reader.header, provenance=provenance)
    return reader


def read_view(scan_path: Path, view_path: Path) -> Scan:
    """Read the exposures of a scan that a view has chosen, all patterns at once.

    Args:
        scan_path: CXI file of the whole scan.
        view_path: JSON file of the view.

    Returns:
        The chosen part of the scan.

    Raises:
        ValueError: As `open_view`, or if a count is negative or not finite.
    """
    reader = open_view(scan_path, view_path, cache_bytes=0)
    return Scan.of(reader.header, reader.read())


def map_view(scan_path: Path, view_path: Path) -> Scan:
    """Return the exposures of a view with their patterns unpacked on the disk, not in memory.

    For solvers that need them all as one array, again and again, in any order.

    Args:
        scan_path: CXI file of the whole scan.
        view_path: JSON file of the view.

    Returns:
        The chosen part of the scan; its counts are a `numpy.memmap`.

    Raises:
        ValueError: As `read_view`.
    """
    reader = open_view(scan_path, view_path, cache_bytes=0)
    first = reader.read(np.arange(min(1, len(reader))))
    counts = scratch_array((len(reader), *first.shape[1:]), first.dtype)
    start = 0
    for part in reader.parts():
        counts[start : start + len(part)] = part
        start += len(part)
    return Scan.of(reader.header, counts)
