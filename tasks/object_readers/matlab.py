"""MATLAB's .mat: version 5 by SciPy, version 7.3 as the HDF5 that it is.

MATLAB stores columns first, so arrays of version 7.3 have their axes in the other order.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.core.files.foreign_hdf5 import (
    LARGEST_FIELD_BYTES,
    as_complex,
    open_foreign_hdf5,
    whole,
)
from tasks.core.files.matlab_file import SUFFIX, matlab_shapes, read_matlab
from tasks.object_readers.stored_object import StoredObject, chosen_name, one_plane

NUMBERS = ("double", "single")
COMPLEX_BYTES = 16


def takes(path: Path) -> bool:
    """Tell from its name whether a file is one of version 5."""
    return path.suffix.lower() == SUFFIX


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
    images = [
        name
        for name, (shape, kind) in matlab_shapes(path).items()
        if kind in NUMBERS
        and min(shape[:2]) > 1
        and np.prod(shape, dtype=np.float64) * COMPLEX_BYTES <= LARGEST_FIELD_BYTES
    ]
    arrays = read_matlab(path, images)
    name = chosen_name([name for name in images if np.iscomplexobj(arrays[name])], path.name)
    return name, arrays[name]
