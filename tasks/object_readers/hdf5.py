"""Any other HDF5: its only complex dataset, or the only one that is called an object."""

from pathlib import Path

import h5py

from tasks.core.files.foreign_hdf5 import open_foreign_hdf5, whole
from tasks.object_readers.stored_object import StoredObject, chosen_name, one_plane


def recognises(file: h5py.File) -> bool:
    """Take any HDF5 file."""
    return bool(file)


def read(path: Path) -> StoredObject:
    """Read the object; several complex datasets that could be meant are refused by their names."""
    with open_foreign_hdf5(path) as file:
        found: dict[str, str] = {}

        def look_at(name: str, item: h5py.HLObject) -> None:
            if not isinstance(item, h5py.Dataset) or item.ndim < 2:
                return
            if item.dtype.kind == "c" or {"real", "imag"} <= set(item.dtype.names or ()):
                found[name] = name.rsplit("/", 1)[-1]

        file.visititems(look_at)
        called = list(found.values())
        wanted = chosen_name(called, path.name)
        places = [place for place, name in found.items() if name == wanted]
        if len(places) > 1:
            raise ValueError(
                f"{path.name} holds several objects: {', '.join(places)}. Save the one that is to "
                f"be scored alone."
            )
        return StoredObject(one_plane(whole(file[places[0]]), f"{path.name}: {places[0]}"))
