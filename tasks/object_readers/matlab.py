"""MATLAB's .mat: version 5 by SciPy, version 7.3 as the HDF5 that it is.

MATLAB stores columns first, so arrays of version 7.3 have their axes in the other order.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.core.files.foreign_hdf5 import LARGEST_FIELD_BYTES, open_foreign_hdf5, whole
from tasks.object_readers.stored_object import StoredObject, as_complex, chosen_name, one_plane

NUMBERS = ("double", "single")
COMPLEX_BYTES = 16


def takes(path: Path) -> bool:
    """Tell from its name whether a file is one of version 5."""
    return path.suffix.lower() == ".mat"


def recognises(file: h5py.File) -> bool:
    """Tell whether MATLAB wrote an HDF5 file."""
    return any("MATLAB_class" in item.attrs for item in file.values())


def read(path: Path) -> StoredObject:
    """Read the object of a .mat file."""
    name, values = _of_version_7(path) if h5py.is_hdf5(path) else _of_version_5(path)
    return StoredObject(one_plane(values, f"{path.name}: {name}"))


def _of_version_7(path: Path) -> tuple[str, NDArray[Any]]:
    with open_foreign_hdf5(path) as file:
        names = [
            name
            for name, item in file.items()
            if isinstance(item, h5py.Dataset)
            and item.ndim >= 2
            and (item.dtype.names or item.dtype.kind == "c")
        ]
        name = chosen_name(names, path.name)
        return name, as_complex(whole(file[name])).T


def _of_version_5(path: Path) -> tuple[str, NDArray[Any]]:
    from scipy.io import loadmat, whosmat

    try:
        shapes = {name: shape for name, shape, kind in whosmat(path) if kind in NUMBERS}
        large = [
            name
            for name, shape in shapes.items()
            if np.prod(shape, dtype=np.float64) * COMPLEX_BYTES > LARGEST_FIELD_BYTES
        ]
        images = [
            name for name, shape in shapes.items() if name not in large and min(shape[:2]) > 1
        ]
        arrays = loadmat(path, variable_names=images)
    except Exception as error:  # whatever SciPy raises at a damaged file
        raise ValueError(
            f"{path} cannot be read as a MATLAB file ({error}). It is cut short or of another "
            f"kind: save it again with save -v7.3."
        ) from error
    name = chosen_name([name for name in images if np.iscomplexobj(arrays[name])], path.name)
    return name, np.asarray(arrays[name])
