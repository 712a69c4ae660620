"""PtyPy's .ptyr: one storage of `content/obj`, with its pixel and the place of its first one."""

from pathlib import Path

import h5py
import numpy as np

from tasks.core.files.foreign_hdf5 import field, open_foreign_hdf5, whole
from tasks.object_readers.stored_object import StoredObject, one_plane, pixel_side

OBJECTS, KNOWN = "content/obj", "content/geometry/is_known"


def recognises(file: h5py.File) -> bool:
    """Tell whether a file has PtyPy's storages of objects."""
    return isinstance(file.get(OBJECTS), h5py.Group)


def read(path: Path) -> StoredObject:
    """Read the object of the only storage; refuse several by their names."""
    with open_foreign_hdf5(path) as file:
        storages = [name for name, item in file[OBJECTS].items() if "data" in item]
        if len(storages) != 1:
            raise ValueError(
                f"{path.name} has {len(storages)} objects in {OBJECTS}: "
                f"{', '.join(storages) or 'none'}. Save the one that is to be scored as an array."
            )
        place = f"{OBJECTS}/{storages[0]}"
        object_ = one_plane(whole(field(file, f"{place}/data", "object")), f"{path.name}: {place}")
        psize, origin = (_pair(file, f"{place}/{name}") for name in ("_psize", "_origin"))
        is_known = KNOWN not in file or bool(file[KNOWN][()])
    pixel_m = None if psize is None else pixel_side(psize, path.name)
    if pixel_m is None or origin is None:
        return StoredObject(object_, pixel_m)
    row, column = (value / pixel_m for value in origin)
    return StoredObject(object_, pixel_m if is_known else None, (row, column))


def _pair(file: h5py.File, name: str) -> tuple[float, float] | None:
    """Return two numbers (y, x) of a dataset; None where it is not there."""
    if not isinstance(file.get(name), h5py.Dataset):
        return None
    values = np.asarray(file[name][()], dtype=np.float64).ravel()
    return (float(values[0]), float(values[-1])) if values.size else None
