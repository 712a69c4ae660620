"""Fields that CXI and NeXus NXcxi_ptycho share: the detector, and positions in its axes."""

from collections.abc import Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.core.files.scan_writer import DETECTOR
from tasks.ingest.file_scan import FileOptions
from tasks.ingest.files.hdf5 import field, number, units_of, whole
from tasks.ingest.files.units import length_m, plausible_m

AXIS_ALIGNED = 0.99
SQUARE = 1e-3


def first_of(file: h5py.File, names: Sequence[str], meaning: str) -> str:
    """Return the first of some datasets that a file has.

    Raises:
        ValueError: If it has none of them.
    """
    for name in names:
        if isinstance(file.get(name), h5py.Dataset):
            return name
    field(file, names[0], meaning)  # raises
    return names[0]


def detector_length(file: h5py.File, name: str) -> float | None:
    """Return a length of the detector [m], by its unit; metres where none is given."""
    value = number(file, name)
    if value is None:
        return None
    return length_m(value, units_of(file, name) or "m", f"{name} of {file.filename}")


def detector_distance_m(file: h5py.File, options: FileOptions) -> float | None:
    """Return the distance from the sample [m]; none where a parameter gives it."""
    if options.distance_m is not None:
        return None
    value = detector_length(file, f"{DETECTOR}/distance")
    return None if value is None else plausible_m("distance_m", value)


def detector_pixel_m(file: h5py.File, options: FileOptions) -> float | None:
    """Return the side of a pixel [m], of `x_pixel_size` or of `basis_vectors`.

    Raises:
        ValueError: If pixels are not square.
    """
    if options.detector_pixel_m is not None:
        return None
    sides = [
        value
        for name in ("x_pixel_size", "y_pixel_size")
        if (value := detector_length(file, f"{DETECTOR}/{name}")) is not None
    ]
    if not sides and (basis := basis_vectors(file)) is not None:
        sides = [float(side) for side in np.linalg.norm(basis, axis=1)]
    return None if not sides else plausible_m("detector_pixel_m", square(sides, file.filename))


def square(sides: Sequence[float], where: str) -> float:
    """Return the side of a square pixel.

    Raises:
        ValueError: If the sides differ by more than a thousandth.
    """
    if max(sides) > (1 + SQUARE) * min(sides):
        raise ValueError(
            f"{where} has pixels of {sides[0]:g} x {sides[-1]:g} m, expected square ones. "
            f"Resample the patterns to square pixels, or give --detector-pixel-m."
        )
    return sides[0]


def basis_vectors(file: h5py.File) -> NDArray[np.float64] | None:
    """Return the steps from row to row and from column to column (x, y, z) [m], shape (2, 3).

    They are stored as (3, 2) or as (2, 3).
    """
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


def in_detector_axes(file: h5py.File, translation: NDArray[Any], name: str) -> NDArray[np.float64]:
    """Return translations (x, y, z) along the rows and columns of the detector, shape (J, 2).

    Raises:
        ValueError: If they are not (J, 2) or (J, 3), or the detector is turned by an angle that is
            no multiple of 90 degrees.
    """
    if translation.ndim != 2 or translation.shape[1] not in (2, 3):
        raise ValueError(
            f"{file.filename} has {name} of shape {translation.shape}, expected one (x, y, z) for "
            f"each pattern. Export it again."
        )
    basis = basis_vectors(file)
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
