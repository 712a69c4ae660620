"""What cdtools saves of a model (`save_to_h5`): `obj`, and the basis of its pixels.

Columns of the basis are the steps [m] from a pixel to the next along rows and columns.
"""

from pathlib import Path

import h5py
import numpy as np

from tasks.core.files.foreign_hdf5 import field, open_foreign_hdf5, whole
from tasks.object_readers.stored_object import StoredObject, one_plane, pixel_side

BASES = ("obj_basis", "basis", "probe_basis")


def recognises(file: h5py.File) -> bool:
    """Tell whether a file has an object and the basis of cdtools."""
    return isinstance(file.get("obj"), h5py.Dataset) and any(name in file for name in BASES)


def read(path: Path) -> StoredObject:
    """Read the object and its pixel; the file does not state its place."""
    with open_foreign_hdf5(path) as file:
        object_ = one_plane(whole(field(file, "obj", "object")), f"{path.name}: obj")
        basis = np.asarray(next(file[name][()] for name in BASES if name in file))
    sides = np.linalg.norm(basis.reshape(basis.shape[0], -1)[:, :2], axis=0)
    return StoredObject(object_, pixel_side([float(side) for side in sides], path.name))
