"""Ptychodus: patterns in one HDF5 file or archive, the rest in another, the product.

Patterns are intensities with the zero frequency in the middle, under one of several names, in
the layout of Ptychodus itself with `indexes` and `bad_pixels` (true is bad) beside them. pty-chi's
test files have `dp` and the fields of a product in one file or in two; they state the pixel of the
object, but neither energy nor distance.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tasks.core.files.archive import read_arrays
from tasks.core.files.foreign_hdf5 import attribute_number, first_of, open_foreign_hdf5, whole
from tasks.ingest.file_options import FileOptions, MaskSense
from tasks.ingest.file_scan import FileMask, FileScan, unless_given
from tasks.ingest.files.patterns import array_patterns, hdf5_patterns
from tasks.ingest.files.product import X, Y, with_product
from tasks.ingest.files.units import plausible_m, square

PATTERNS = ("patterns", "dp", "entry/data/data", "exchange/data", "entry_1/data_1/data")
ARCHIVED = ("patterns", "dp", "array")


def recognises(file: h5py.File) -> bool:
    """Tell whether a file has patterns under a name that Ptychodus reads, or is a product."""
    return any(isinstance(file.get(name), h5py.Dataset) for name in (*PATTERNS, X))


def recognises_ptychi(file: h5py.File) -> bool:
    """Tell whether a file has pty-chi's `dp` and the positions beside it."""
    return "dp" in file and has_positions(file)


def takes_archive(path: Path, options: FileOptions) -> bool:
    """Tell whether an archive has patterns alone: one array, or a product is named beside it."""
    return ".npy" in path.suffixes or options.product.file is not None


def read(path: Path, options: FileOptions) -> FileScan:
    """Read what a file and its product state of a scan."""
    if not h5py.is_hdf5(path):
        return _read_archive(path, options)
    with open_foreign_hdf5(path) as file:
        has_both = has_positions(file)
        if has_both and not any(name in file for name in PATTERNS):
            raise ValueError(
                f"{path} is a product without patterns. Name the file of the diffraction patterns, "
                f"and this one by --product.file."
            )
        name = first_of(file, PATTERNS, "diffraction patterns")
        indexes = whole(file["indexes"]).ravel() if "indexes" in file else None
        bad = whole(file["bad_pixels"]) if "bad_pixels" in file else None
        scan = FileScan(
            patterns=hdf5_patterns(path, file, (name,)),
            positions=None,
            detector_pixel_m=unless_given(options.detector_pixel_m, lambda: _pixel_m(file[name])),
            mask=None if bad is None else FileMask.of(np.asarray(bad), MaskSense.ZERO_IS_GOOD),
            pattern_indexes=indexes,
            origins={"patterns": name},
        )
    product = options.product.file or (path if has_both else None)
    return scan if product is None else with_product(scan, product, options)


def has_positions(file: h5py.File) -> bool:
    """Tell whether a file has the positions of a product."""
    return X in file and Y in file


def _read_archive(path: Path, options: FileOptions) -> FileScan:
    arrays = read_arrays(path, options.unpacked_limit_gib)
    found = [name for name in ARCHIVED if name in arrays]
    if not found or arrays[found[0]].ndim != 3:
        raise ValueError(
            f"{path} has no diffraction patterns (J, H, W) called {', '.join(ARCHIVED)}. It holds: "
            f"{', '.join(f'{key} {value.shape}' for key, value in sorted(arrays.items()))}. Say "
            f"which array is what in a YAML, with --layout.file."
        )
    name = found[0]
    indexes, bad = arrays.get("indexes"), arrays.get("bad_pixels")
    scan = FileScan(
        array_patterns(arrays[name], "nyx"),
        None,
        mask=None if bad is None else FileMask.of(bad, MaskSense.ZERO_IS_GOOD),
        pattern_indexes=None if indexes is None else indexes.ravel(),
        origins={"patterns": name},
    )
    product = options.product.file
    return scan if product is None else with_product(scan, product, options)


def _pixel_m(item: Any) -> float | None:
    """Return the side of a detector pixel [m] among the attributes of the patterns."""
    sides = [
        side
        for name in ("height", "width")
        if (side := attribute_number(item, f"detector_pixel_{name}_m"))
    ]
    return plausible_m("detector_pixel_m", square(sides, str(item.name))) if sides else None
