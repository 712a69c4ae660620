"""Ptychodus: patterns in one HDF5 file, positions and probe in another, the product.

Patterns are intensities with the zero frequency in the middle, under one of several names, in
the layout of Ptychodus itself with `indexes` and `bad_pixels` (true is bad) beside them. pty-chi's
test files are like these, with `dp` and the fields of a product in one file or in two; the pixel of
the object is stated, energy and distance are not.
"""

from pathlib import Path

import h5py
import numpy as np

from tasks.ingest.conventions import MaskSense
from tasks.ingest.file_scan import FileOptions, FileScan
from tasks.ingest.files.hdf5 import attribute_number, open_foreign_hdf5, whole
from tasks.ingest.files.patterns import Hdf5Part, Hdf5Patterns, axes_of
from tasks.ingest.files.units import plausible_m
from tasks.ingest.importers.cxi_fields import first_of, square
from tasks.ingest.importers.ptychodus_product import (
    has_positions,
    positions_of_patterns,
    read_product,
)

PATTERNS = ("patterns", "dp", "entry/data/data", "exchange/data", "entry_1/data_1/data")


def recognises(file: h5py.File) -> bool:
    """Tell whether a file has patterns under a name that Ptychodus reads."""
    return any(isinstance(file.get(name), h5py.Dataset) for name in PATTERNS)


def recognises_ptychi(file: h5py.File) -> bool:
    """Tell whether a file has pty-chi's `dp` and the positions beside it."""
    return "dp" in file and has_positions(file)


def read(path: Path, options: FileOptions) -> FileScan:
    """Read what a file of patterns and its product state of a scan.

    Raises:
        ValueError: If no product is named, a pattern has no position, or a field holds what cannot
            be.
    """
    with open_foreign_hdf5(path) as file:
        name = first_of(file, PATTERNS, "diffraction patterns")
        data, has_both = file[name], has_positions(file)
        pixel = [
            value
            for side in ("detector_pixel_height_m", "detector_pixel_width_m")
            if (value := attribute_number(data, side))
        ]
        indexes = whole(file["indexes"]).ravel() if "indexes" in file else None
        bad = whole(file["bad_pixels"]) if "bad_pixels" in file else None
        axes = axes_of(data.shape, name)
        part = Hdf5Part(name, data.shape, data.dtype, axes)
    if options.product.file is None and not has_both:
        raise ValueError(
            f"{path} has patterns, but no positions. Name the product of the scan, which holds "
            f"probe_position_x_m and probe_position_y_m, by --product.file."
        )
    product_path = options.product.file or path
    product = read_product(product_path, options)
    patterns = Hdf5Patterns(path, (part,))
    return FileScan(
        patterns=patterns,
        positions=positions_of_patterns(product, indexes, patterns.shape[0], product_path),
        energy_ev=product.energy_ev,
        distance_m=product.distance_m,
        detector_pixel_m=plausible_m("detector_pixel_m", square(pixel, str(path)))
        if pixel and options.detector_pixel_m is None
        else None,
        object_pixel_m=product.object_pixel_m,
        mask=None if bad is None else np.asarray(bad, dtype=np.uint32),
        mask_sense=MaskSense.ZERO_IS_GOOD,
        probe_modes=product.probe_modes,
        origins={"patterns": name, "positions": product_path.name, "probe": product_path.name},
    )
