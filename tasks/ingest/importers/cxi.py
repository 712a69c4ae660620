"""CXI 1.6 (Maia, Nature Methods 9, 854 (2012)), with the fields that ptychography adds.

`translation` is that of the *sample*, in metres (x, y, z). How rows and columns of the detector
lie in that frame is what `basis_vectors` say; without them rows go along +y and columns along
+x. The energy is in joules, and a mask is good where no bit of a fault is set. NeXus NXcxi_ptycho
shares the detector and its axes.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.core import Real64
from tasks.core.files.foreign_hdf5 import first_of, number, open_foreign_hdf5, units_of, whole
from tasks.core.files.scan_file import COUNTS, DETECTOR, PLACEHOLDER, SOURCE, TRANSLATION
from tasks.core.files.scan_record import PLACEHOLDER_PIXEL_M, good_pixels
from tasks.ingest.file_scan import (
    FileOptions,
    FilePositions,
    FileScan,
    MaskSense,
    Moves,
    PositionUnit,
    probe_modes_of,
)
from tasks.ingest.files.patterns import hdf5_patterns
from tasks.ingest.files.units import (
    energy_ev,
    energy_of_wavelength_ev,
    length_m,
    plausible_m,
    square,
)

AXIS_ALIGNED = 0.99
DATA = (COUNTS, "entry_1/data_1/data")
TRANSLATIONS = (TRANSLATION, "entry_1/data_1/translation", f"{DETECTOR}/translation")
ILLUMINATION = f"{SOURCE}/illumination"
DARKS = (f"{DETECTOR}/data_dark", f"{DETECTOR}/dark")


def recognises(file: h5py.File) -> bool:
    """Tell whether a file is CXI."""
    return "cxi_version" in file or any(name in file for name in DATA)


def read(path: Path, options: FileOptions) -> FileScan:
    """Read what a CXI file states of a scan; refuse one without patterns or translations."""
    with open_foreign_hdf5(path) as file:
        name = first_of(file, DATA, "diffraction patterns")
        unknown = DETECTOR in file and bool(file[DETECTOR].attrs.get(PLACEHOLDER, False))
        light = whole(file[ILLUMINATION]) if ILLUMINATION in file else None
        return FileScan(
            patterns=hdf5_patterns(path, file[name]),
            positions=_positions(file, unknown),
            energy_ev=_energy_ev(file) if not unknown and options.energy_ev is None else None,
            **detector_facts(file, options, geometry_unknown=unknown),
            probe_modes=None if light is None else probe_modes_of(light, ILLUMINATION),
            geometry_unknown=unknown,
            origins={"patterns": name, "positions": first_of(file, TRANSLATIONS, "translations")},
        )


def _positions(file: h5py.File, unknown: bool) -> FilePositions:
    """Return the translations of the sample along the rows and columns of the detector."""
    name = first_of(file, TRANSLATIONS, "translations")
    factor = length_m(1.0, units_of(file, name) or "m", f"{name} of {file.filename}")
    along = in_detector_axes(file, whole(file[name]), name) * factor
    if unknown:
        return FilePositions(along / PLACEHOLDER_PIXEL_M, PositionUnit.PX, Moves.SAMPLE)
    return FilePositions(along, PositionUnit.M, Moves.SAMPLE)


def _energy_ev(file: h5py.File) -> float | None:
    """Return the photon energy; that of the wavelength where no energy is there."""
    name = f"{SOURCE}/energy"
    if (value := number(file, name)) is not None:
        return energy_ev(value, units_of(file, name) or "J", f"{name} of {file.filename}")
    name = f"{SOURCE}/wavelength"
    metres = _length_m(file, name)
    return None if metres is None else energy_of_wavelength_ev(metres, f"{name} of {file.filename}")


def _length_m(file: h5py.File, name: str) -> float | None:
    """Return a length [m], by its unit; metres where none is given."""
    if (value := number(file, name)) is None:
        return None
    return length_m(value, units_of(file, name) or "m", f"{name} of {file.filename}")


def detector_facts(
    file: h5py.File, options: FileOptions, *, geometry_unknown: bool = False
) -> dict[str, Any]:
    """Return what is not given of distance and pixel, mask and dark, as fields of `FileScan`."""
    name, distance, pixel = f"{DETECTOR}/mask", None, None
    if not geometry_unknown:
        if options.distance_m is None:
            distance = plausible_m("distance_m", _length_m(file, f"{DETECTOR}/distance"))
        pixel = _pixel_m(file) if options.detector_pixel_m is None else None
    dark = next((name for name in DARKS if name in file), None)
    return {
        "dark": None if dark is None else whole(file[dark]),
        "distance_m": distance,
        "detector_pixel_m": pixel,
        "mask": good_pixels(whole(file[name]).astype(np.uint32)) if name in file else None,
        "mask_sense": MaskSense.NONZERO_IS_GOOD,
    }


def _pixel_m(file: h5py.File) -> float | None:
    """Return the side of a pixel [m], of `x_pixel_size` or of `basis_vectors`."""
    sides = [
        value
        for name in ("x_pixel_size", "y_pixel_size")
        if (value := _length_m(file, f"{DETECTOR}/{name}")) is not None
    ]
    if not sides and (basis := _basis_vectors(file)) is not None:
        sides = [float(side) for side in np.linalg.norm(basis, axis=1)]
    return None if not sides else plausible_m("detector_pixel_m", square(sides, file.filename))


def _basis_vectors(file: h5py.File) -> Real64 | None:
    """Return the steps from row to row and from column to column (x, y, z) [m], shape (2, 3)."""
    name = f"{DETECTOR}/basis_vectors"
    if name not in file:
        return None
    basis = whole(file[name]).astype(np.float64)
    if basis.shape == (3, 2):
        basis = basis.T
    if basis.shape != (2, 3) or not np.all(np.isfinite(basis)) or not np.all(basis.any(axis=1)):
        raise ValueError(
            f"{file.filename} has {name} of shape {basis.shape}, expected two vectors (3, 2) or "
            f"(2, 3). Correct or remove them."
        )
    return basis


def in_detector_axes(file: h5py.File, translation: NDArray[Any], name: str) -> Real64:
    """Return translations (x, y, z) along rows and columns of the detector, shape (J, 2).

    A detector that is turned by an angle that is no multiple of 90 degrees is refused.
    """
    if translation.ndim != 2 or translation.shape[1] not in (2, 3):
        raise ValueError(
            f"{file.filename} has {name} of shape {translation.shape}, expected one (x, y, z) for "
            f"each pattern. Export it again."
        )
    basis = _basis_vectors(file)
    if basis is None:
        return np.asarray(translation[:, 1::-1], dtype=np.float64)
    units = basis / np.linalg.norm(basis, axis=1, keepdims=True)
    if np.any(np.abs(units[:, :2]).max(axis=1) < AXIS_ALIGNED):
        raise ValueError(
            f"The detector of {file.filename} is turned or inclined: basis_vectors point along "
            f"{np.round(units, 3).tolist()}. Turn the translations into its axes beforehand, and "
            f"remove basis_vectors."
        )
    return np.asarray(translation[:, :2] @ units[:, :2].T, dtype=np.float64)
