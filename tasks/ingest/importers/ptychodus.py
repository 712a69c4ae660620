"""Ptychodus: patterns in one HDF5 file, positions, probe and object in another, the product.

Patterns are intensities with the zero frequency in the middle, under one of several names, in
the layout of Ptychodus itself with `indexes` and `bad_pixels` (true is bad) beside them. Positions
of a product are those of the probe over the object, in metres, x and y apart, with the index of the
pattern that each belongs to. pty-chi's test files have `dp` and the fields of a product in one file
or in two; they state the pixel of the object, but neither energy nor distance.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.core import Real64
from tasks.core.files.foreign_hdf5 import (
    attribute_number,
    field,
    first_of,
    open_foreign_hdf5,
    whole,
)
from tasks.ingest.file_scan import (
    FileOptions,
    FilePositions,
    FileScan,
    MaskSense,
    Moves,
    PositionUnit,
    columns,
    probe_modes_of,
)
from tasks.ingest.files.patterns import hdf5_patterns
from tasks.ingest.files.units import energy_ev, plausible_m, square

X, Y, INDEXES = "probe_position_x_m", "probe_position_y_m", "probe_position_indexes"
PATTERNS = ("patterns", "dp", "entry/data/data", "exchange/data", "entry_1/data_1/data")


def recognises(file: h5py.File) -> bool:
    """Tell whether a file has patterns under a name that Ptychodus reads."""
    return any(isinstance(file.get(name), h5py.Dataset) for name in PATTERNS)


def recognises_ptychi(file: h5py.File) -> bool:
    """Tell whether a file has pty-chi's `dp` and the positions beside it."""
    return "dp" in file and has_positions(file)


def read(path: Path, options: FileOptions) -> FileScan:
    """Read what a file and its product state of a scan; refuse patterns without a position."""
    with open_foreign_hdf5(path) as file:
        name = first_of(file, PATTERNS, "diffraction patterns")
        has_both = has_positions(file)
        pixel = _sides(file[name], "detector_pixel")
        indexes = whole(file["indexes"]).ravel() if "indexes" in file else None
        bad = whole(file["bad_pixels"]) if "bad_pixels" in file else None
        patterns = hdf5_patterns(path, file[name])
    if options.product.file is None and not has_both:
        raise ValueError(
            f"{path} has patterns, but no positions. Name the product of the scan, which holds "
            f"probe_position_x_m and probe_position_y_m, by --product.file."
        )
    product = options.product.file or path
    with open_foreign_hdf5(product) as file:
        energy = attribute_number(file, "probe_energy_eV") if options.energy_ev is None else None
        away = "detector_object_distance_m"
        distance = attribute_number(file, away) if options.distance_m is None else None
        light = whole(file["probe"]) if "probe" in file else None
        positions = _positions_of_patterns(file, indexes, patterns.shape[0])
        return FileScan(
            patterns=patterns,
            positions=FilePositions(positions, PositionUnit.M, Moves.PROBE),
            energy_ev=energy_ev(energy, "eV", f"probe_energy_eV of {product}") if energy else None,
            distance_m=plausible_m("distance_m", abs(distance)) if distance else None,
            detector_pixel_m=plausible_m("detector_pixel_m", square(pixel, str(path)))
            if pixel and options.detector_pixel_m is None
            else None,
            object_pixel_m=_pixel_m(file),
            mask=None if bad is None else np.asarray(bad, dtype=np.uint32),
            mask_sense=MaskSense.ZERO_IS_GOOD,
            probe_modes=None if light is None else probe_modes_of(light, f"probe of {product}"),
            origins={"patterns": name, "positions": product.name, "probe": product.name},
        )


def has_positions(file: h5py.File) -> bool:
    """Tell whether a file has the positions of a product."""
    return X in file and Y in file


def _positions_of_patterns(
    product: h5py.File, pattern_indexes: NDArray[np.integer] | None, n_patterns: int
) -> Real64:
    """Return positions (y, x) [m] in the order of the patterns; no indexes: those are 0, 1, ..."""
    y, x = (whole(field(product, name, "positions")) for name in (Y, X))
    positions = columns(y, x)
    stored = whole(product[INDEXES]).ravel() if INDEXES in product else np.empty(0)
    # Some programs write zeros for all: indexes that tell no patterns apart say nothing.
    if not len(stored) or not len(stored) == len(positions) == len(np.unique(stored)):
        return positions
    indexes = stored.astype(np.intp)
    wanted = np.arange(n_patterns) if pattern_indexes is None else pattern_indexes
    order = np.argsort(indexes, kind="stable")
    places = np.searchsorted(indexes, wanted, sorter=order)
    places = order[np.minimum(places, len(order) - 1)]
    lacking = wanted[indexes[places] != wanted]
    if len(lacking):
        raise ValueError(
            f"{len(lacking)} of {n_patterns} patterns have no position in {product.filename}: its "
            f"{INDEXES} do not name pattern {int(lacking[0])}. Export the product of this scan, "
            f"with all of its patterns."
        )
    return positions[places]


def _pixel_m(file: h5py.File) -> float | None:
    """Return the side of an object pixel [m], as the object or the probe has it."""
    for name in ("object", "probe"):
        if name in file and (found := _sides(file[name], "pixel")):
            return square(found, file.filename)
    return None


def _sides(item: Any, pixel: str) -> list[float]:
    """Return the height and width of a pixel [m] that are there among the attributes."""
    sides = (attribute_number(item, f"{pixel}_{side}_m") for side in ("height", "width"))
    return [side for side in sides if side]
