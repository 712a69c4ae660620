"""Measured scans on disk: CXI (HDF5), so that other programs open them.

This is the whole of a scan at once; `scan_writer` and `scan_reader` take some patterns at a time.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.scan_header import read_scan_header
from tasks.core.files.scan_reader import ScanReader
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
    """Read a scan, or some of its patterns; only the chunks that hold them are touched.

    Args:
        path: CXI file.
        indices: Which patterns, in any order; all by default.

    Returns:
        The scan, positions in object pixels.

    Raises:
        ValueError: If the file is missing, cut short, lacks a field, or holds what cannot be:
            see `read_scan_header`; or if a count is negative or not finite, or an index is
            outside the scan.
    """
    reader = ScanReader(path, indices, cache_bytes=0)
    return Scan.of(reader.header, reader.read())
