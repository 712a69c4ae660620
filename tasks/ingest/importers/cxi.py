"""CXI 1.6 (Maia, Nature Methods 9, 854 (2012)), with the fields that ptychography adds.

`translation` is that of the *sample*, in metres (x, y, z). How rows and columns of the detector
lie in that frame is what `basis_vectors` say; without them rows go along +y and columns along
+x. The energy is in joules, and a mask is good where no bit of a fault is set. NeXus NXcxi_ptycho
shares the detector and its axes.
"""

import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tasks.core import Real64
from tasks.core.files.foreign_hdf5 import number, open_foreign_hdf5, units_of, whole
from tasks.core.files.scan_file import PLACEHOLDER
from tasks.core.files.scan_record import PLACEHOLDER_PIXEL_M, PixelFault
from tasks.ingest.file_options import FileOptions, MaskSense, Moves, Order
from tasks.ingest.file_scan import FileMask, FilePositions, FileScan, probe_modes_of, unless_given
from tasks.ingest.files.entries import Entry, entry_names, find_entry, has_patterns
from tasks.ingest.files.patterns import hdf5_patterns
from tasks.ingest.files.units import (
    energy_ev,
    energy_of_wavelength_ev,
    length_m,
    plausible_m,
    square,
)

AXIS_ALIGNED = 0.99
NUMBERED = re.compile(r"entry_\d+")
DARKS = ("data_dark", "dark")


def recognises(file: h5py.File) -> bool:
    """Tell whether a file is CXI."""
    numbered = [name for name in entry_names(file) if NUMBERED.fullmatch(name)]
    return "cxi_version" in file or any(has_patterns(file, name) for name in numbered)


def read(path: Path, options: FileOptions) -> FileScan:
    """Read what a CXI file states of a scan; refuse one without patterns."""
    with open_foreign_hdf5(path) as file:
        entry = find_entry(file, options)
        is_unknown = entry.detector is not None and bool(
            file[entry.detector].attrs.get(PLACEHOLDER, False)
        )
        positions = _positions(entry, is_placeholder=is_unknown)
        lights = entry.names(("instrument", "source"), "illumination")
        return FileScan(
            patterns=hdf5_patterns(path, file, (entry.patterns,)),
            positions=positions,
            energy_ev=None
            if is_unknown
            else unless_given(options.energy_ev, lambda: _energy_ev(entry)),
            **detector_facts(path, entry, options, geometry_unknown=is_unknown),
            probe_modes=probe_modes_of(whole(file[lights[0]]), lights[0]) if lights else None,
            geometry_unknown=is_unknown,
            positions_sought=sought(entry, "sample_1/geometry_1/translation"),
            origins={
                "patterns": entry.patterns,
                "positions": "" if positions is None else positions.where,
            },
        )


def sought(entry: Entry, name: str) -> str:
    """Return where positions are looked for, and what is there."""
    held = ", ".join(sorted(entry.file[entry.name]))
    return f"the dataset {entry.name}/{name} is missing; {entry.name} holds: {held}"


def _positions(entry: Entry, *, is_placeholder: bool) -> FilePositions | None:
    """Return the translations of the sample; None where there are none."""
    names = [
        *entry.names(("sample", "geometry"), "translation"),
        *entry.names(("data",), "translation"),
        *entry.in_detector("translation"),
    ]
    if not names:
        return None
    units = units_of(entry.file, names[0])
    return FilePositions(
        whole(entry.file[names[0]]),
        units or "m",
        Moves.SAMPLE,
        Order.XY,
        is_unit_stated=units is not None,
        axes=detector_axes(entry),
        placeholder_pixel_m=PLACEHOLDER_PIXEL_M if is_placeholder else None,
        where=names[0],
    )


def _energy_ev(entry: Entry) -> float | None:
    """Return the photon energy; that of the wavelength where no energy is there."""
    for name in entry.names(("instrument", "source"), "energy"):
        if (value := number(entry.file, name)) is not None:
            where = f"{name} of {entry.file.filename}"
            return energy_ev(value, units_of(entry.file, name) or "J", where)
    for name in entry.names(("instrument", "source"), "wavelength"):
        if (metres := length_of(entry.file, name)) is not None:
            return energy_of_wavelength_ev(metres, f"{name} of {entry.file.filename}")
    return None


def length_of(file: h5py.File, name: str) -> float | None:
    """Return a length [m], by its unit; metres where none is given."""
    if (value := number(file, name)) is None:
        return None
    return length_m(value, units_of(file, name) or "m", f"{name} of {file.filename}")


def detector_facts(
    path: Path, entry: Entry, options: FileOptions, *, geometry_unknown: bool = False
) -> dict[str, Any]:
    """Return distance, pixel, mask and dark of the detector, as fields of `FileScan`."""
    distance, pixel, masks = None, None, entry.in_detector("mask", "pixel_mask")
    darks = entry.in_detector(*DARKS)
    if not geometry_unknown:
        distance = unless_given(options.distance_m, lambda: _distance_m(entry))
        pixel = unless_given(options.detector_pixel_m, lambda: _pixel_m(entry))
    return {
        "dark": whole(entry.file[darks[0]]) if darks else None,
        "distance_m": distance,
        "detector_pixel_m": pixel,
        "mask": _mask(path, entry, masks[0]) if masks else None,
    }


def _mask(path: Path, entry: Entry, name: str) -> FileMask:
    """Return the mask of the detector: one, or one for each pattern."""
    harmless = int(PixelFault.HAS_SIGNAL)
    if entry.file[name].ndim > 2:
        stack = hdf5_patterns(path, entry.file, (name,))
        return FileMask((stack,), MaskSense.ZERO_IS_GOOD, harmless)
    return FileMask.of(whole(entry.file[name]), MaskSense.ZERO_IS_GOOD, harmless)


def _distance_m(entry: Entry) -> float | None:
    found = entry.in_detector("distance", "detector_distance")
    metres = length_of(entry.file, found[0]) if found else None
    return plausible_m("distance_m", None if metres is None else abs(metres))


def _pixel_m(entry: Entry) -> float | None:
    """Return the side of a pixel [m], of `x_pixel_size` or of `basis_vectors`."""
    names = entry.in_detector("x_pixel_size", "y_pixel_size")
    sides = [value for name in names if (value := length_of(entry.file, name)) is not None]
    if not sides and (basis := _basis_vectors(entry)) is not None:
        sides = [float(side) for side in np.linalg.norm(basis, axis=1)]
    where = entry.file.filename
    return None if not sides else plausible_m("detector_pixel_m", square(sides, where))


def _basis_vectors(entry: Entry) -> Real64 | None:
    """Return the steps from row to row and from column to column (x, y, z) [m], shape (2, 3)."""
    found = entry.in_detector("basis_vectors")
    if not found:
        return None
    name, file = found[0], entry.file
    size = length_m(1.0, units_of(file, name) or "m", f"{name} of {file.filename}")
    basis = whole(file[name]).astype(np.float64) * size
    if basis.shape == (3, 2):
        basis = basis.T
    if basis.shape != (2, 3) or not np.all(np.isfinite(basis)) or not np.all(basis.any(axis=1)):
        raise ValueError(
            f"{file.filename} has {name} of shape {basis.shape}, expected two vectors (3, 2) or "
            f"(2, 3). Correct or remove them."
        )
    return basis


def detector_axes(entry: Entry) -> Real64 | None:
    """Return what turns (y, x) into rows and columns of the detector, shape (2, 2); None: nothing.

    A detector that is turned by an angle that is no multiple of 90 degrees is refused.
    """
    basis = _basis_vectors(entry)
    if basis is None:
        return None
    units = basis / np.linalg.norm(basis, axis=1, keepdims=True)
    if np.any(np.abs(units[:, :2]).max(axis=1) < AXIS_ALIGNED):
        raise ValueError(
            f"The detector of {entry.file.filename} is turned or inclined: basis_vectors point "
            f"along {np.round(units, 3).tolist()}. Turn the translations into its axes beforehand, "
            f"and remove basis_vectors."
        )
    return np.asarray(units[:, 1::-1], dtype=np.float64)
