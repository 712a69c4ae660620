"""This project's own objects: HDF5 with `object` and its attribute `origin_px`."""

from pathlib import Path

import h5py
import numpy as np

from tasks.core.files.foreign_hdf5 import field, open_foreign_hdf5, whole
from tasks.object_readers.stored_object import StoredObject, one_plane


def recognises(file: h5py.File) -> bool:
    """Tell whether an HDF5 file has been written by `write_object`."""
    dataset = file.get("object")
    return isinstance(dataset, h5py.Dataset) and "origin_px" in dataset.attrs


def read(path: Path) -> StoredObject:
    """Read an object and its place; the file does not state its pixel."""
    with open_foreign_hdf5(path) as file:
        dataset = field(file, "object", "object")
        object_ = one_plane(whole(dataset), f"{path.name}: object")
        row, column = np.asarray(dataset.attrs["origin_px"], dtype=np.float64).ravel()[:2].tolist()
    return StoredObject(object_, None, (row, column))
