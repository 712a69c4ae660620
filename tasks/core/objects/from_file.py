"""Objects from a file: HDF5 with a dataset `object`, or a complex array of NumPy, unpickled."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tasks.core import Complex128, Real64
from tasks.core.files.atomic_files import sha256_of

HDF5_SUFFIXES = (".h5", ".hdf5")
NUMPY_SUFFIXES = (".npy", ".npz")
OBJECT_NAME = "object"


class ObjectFileOptions(BaseModel):
    """Which file an object comes from, and whether its values stay."""

    path: Path | None = Field(
        None, description="file: HDF5 object of this project, or complex .npy or .npz"
    )
    keep_file_values: bool = Field(
        True, description="file: keep its amplitude and phase; false stretches them to the ranges"
    )


def object_from_file(path: Path, shape: tuple[int, int]) -> Complex128:
    """Return the middle of the object in a file, of shape (H, W).

    HDF5 has it as dataset `object`, an `.npz` alone or under that name. ValueError if the file is
    missing or of another kind, or its object is not complex, not finite, dark everywhere, or too
    small.
    """
    whole = whole_object(path)
    if whole.shape[0] < shape[0] or whole.shape[1] < shape[1]:
        raise ValueError(
            f"The object of {path} has {whole.shape[0]} x {whole.shape[1]} px, but the scan needs "
            f"{shape[0]} x {shape[1]} px. Scan fewer train_positions and test_positions, raise "
            f"the overlap_ratio, or give a larger object."
        )
    top, left = ((a - b) // 2 for a, b in zip(whole.shape, shape, strict=True))
    part = whole[top : top + shape[0], left : left + shape[1]].astype(np.complex128)
    bad = int(np.count_nonzero(~np.isfinite(part)))
    if bad:
        raise ValueError(
            f"{bad} pixels of the object of {path} are not finite. Replace them, by 1 where "
            f"nothing was measured."
        )
    if not part.any():
        raise ValueError(f"The object of {path} is zero everywhere. Give one that transmits.")
    return part


def whole_object(path: Path) -> NDArray[Any]:
    """Return the object of a file as it is, shape (H, W); ValueError if it holds no complex one."""
    whole = _read_array(path)
    if whole.ndim != 2 or not np.iscomplexobj(whole):
        raise ValueError(
            f"{path} must hold one complex object (H, W), but holds {whole.dtype} of shape "
            f"{whole.shape}. Save amplitude * numpy.exp(1j * phase)."
        )
    return whole


def fractions_from_file(shape: tuple[int, int], _rng: object, options: ObjectFileOptions) -> Real64:
    """Return where the values of a file lie between their own smallest and largest, (2, H, W).

    ValueError if there is no path, or the file holds no such object.
    """
    if options.path is None:
        raise ValueError("An object from a file needs the file. Set path.")
    part = object_from_file(options.path, shape)
    return np.stack([_stretch(np.abs(part)), _stretch(np.angle(part))])


def _stretch(values: Real64) -> Real64:
    """Map values onto [0, 1]; a constant has its place in the middle."""
    spread = np.ptp(values)
    return (values - values.min()) / spread if spread > 0 else np.full(values.shape, 0.5)


def _read_array(path: Path) -> NDArray[Any]:
    if path.suffix not in {*HDF5_SUFFIXES, *NUMPY_SUFFIXES}:
        raise ValueError(
            f"An object is read from {', '.join(HDF5_SUFFIXES + NUMPY_SUFFIXES)}, got {path}. "
            f"Convert the file."
        )
    try:
        if path.suffix in HDF5_SUFFIXES:
            with h5py.File(path, "r") as file:
                return np.asarray(file[OBJECT_NAME][()])
        with path.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            return loaded if isinstance(loaded, np.ndarray) else _only_array(loaded)
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} cannot be read as an object ({error}). It is missing, cut short or of another "
            f"kind: save a complex array with numpy.save, or as the HDF5 dataset {OBJECT_NAME!r}."
        ) from error


def _only_array(archive: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Return the array named `object` of an NPZ, or its only one."""
    names = list(archive)
    if OBJECT_NAME not in names and len(names) != 1:
        raise ValueError(f"{len(names)} arrays, none named {OBJECT_NAME!r}: {', '.join(names)}")
    return archive[OBJECT_NAME if OBJECT_NAME in names else names[0]]


def file_facts(options: ObjectFileOptions) -> dict[str, Any]:
    """Return the fingerprint of the file."""
    return {} if options.path is None else {"file_sha256": sha256_of(options.path)}
