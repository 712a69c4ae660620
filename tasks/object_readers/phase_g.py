"""This project's own objects: HDF5 with `object` and its attribute `origin_px`."""

from pathlib import Path

import h5py

from tasks.core.files.object_file import read_object
from tasks.object_readers.stored_object import StoredObject, one_plane


def recognises(file: h5py.File) -> bool:
    """Tell whether an HDF5 file has been written by `write_object`."""
    dataset = file.get("object")
    return isinstance(dataset, h5py.Dataset) and "origin_px" in dataset.attrs


def read(path: Path) -> StoredObject:
    """Read an object and its place; the file does not state its pixel."""
    window = read_object(path)
    row, column = window.origin_px
    return StoredObject(one_plane(window.object_, path.name), None, (float(row), float(column)))
