"""Complex arrays of NumPy: .npy, or .npz with one complex array or one that is called an object."""

from pathlib import Path

import numpy as np

from tasks.core.files.archive import LARGEST_FIELD_GIB, is_archive, read_arrays
from tasks.object_readers.stored_object import StoredObject, chosen_name, one_plane


def takes(path: Path) -> bool:
    """Tell from its name whether a file holds arrays of NumPy."""
    return is_archive(path)


def read(path: Path) -> StoredObject:
    """Read the array; several that could be meant are refused by their names."""
    arrays = read_arrays(path, LARGEST_FIELD_GIB)
    if len(arrays) == 1:
        (name,) = arrays
    else:
        images = [
            name
            for name, values in arrays.items()
            if np.iscomplexobj(values) and values.squeeze().ndim >= 2
        ]
        name = chosen_name(images, path.name)
    return StoredObject(one_plane(arrays[name], f"{path.name}: {name}"))
