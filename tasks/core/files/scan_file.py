"""Measured scans on disk, CXI (HDF5) so that other programs open them, and views of them.

A view says which exposures of a scan are used. Here a scan is read and written at once;
`scan_writer` and `scan_reader` take some patterns at a time.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.atomic_files import read_json, scratch_array
from tasks.core.files.scan_header import read_scan_header
from tasks.core.files.scan_reader import CACHE_BYTES, ScanReader
from tasks.core.files.scan_record import ELECTRONVOLT_J, Geometry, Scan, ScanHeader
from tasks.core.files.scan_writer import PATTERNS_PER_CHUNK, ScanWriter

__all__ = [
    "ELECTRONVOLT_J",
    "Geometry",
    "Scan",
    "ScanHeader",
    "ScanReader",
    "ScanWriter",
    "read_scan",
    "read_scan_header",
    "write_scan",
]


def write_scan(path: Path, scan: Scan) -> None:
    """Write a scan as CXI, compressed without loss in chunks of patterns, whole or not at all."""
    counts = scan.diffraction_counts
    with ScanWriter.open(path, scan.header, counts.dtype) as writer:
        for start in range(0, len(counts), PATTERNS_PER_CHUNK):
            writer.append(counts[start : start + PATTERNS_PER_CHUNK])


def read_scan(path: Path, indices: NDArray[np.integer] | None = None) -> Scan:
    """Read a scan, or the patterns of some indices; only the chunks that hold them are touched.

    Raises:
        ValueError: If the file is missing, cut short, lacks a field, or holds what cannot be:
            see `read_scan_header`; or if a count is negative or not finite, or an index is
            outside the scan.
    """
    reader = ScanReader(path, indices, cache_bytes=0)
    return Scan.of(reader.header, reader.read())


def open_view(scan_path: Path, view_path: Path, *, cache_bytes: int = CACHE_BYTES) -> ScanReader:
    """Open the exposures of a scan (CXI) that a view has chosen; patterns are read when asked for.

    The view (JSON) holds their scan indices under `indices`.

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


def map_view(scan_path: Path, view_path: Path) -> Scan:
    """Return the exposures of a view with their patterns unpacked on the disk, not in memory.

    For solvers that need them all as one array, again and again, in any order.

    Raises:
        ValueError: As `open_view`, or if a count is negative or not finite.
    """
    reader = open_view(scan_path, view_path, cache_bytes=0)
    first = reader.read(np.arange(min(1, len(reader))))
    counts = scratch_array((len(reader), *first.shape[1:]), first.dtype)
    start = 0
    for part in reader.parts():
        counts[start : start + len(part)] = part
        start += len(part)
    return Scan.of(reader.header, counts)
