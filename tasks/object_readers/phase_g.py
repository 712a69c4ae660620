"""This project's own objects: HDF5 with `object` and its attribute `origin_px`."""

from pathlib import Path

import h5py
import numpy as np

from tasks.core.files.atomic_files import atomic_path, open_hdf5
from tasks.core.files.foreign_hdf5 import field, open_foreign_hdf5, whole
from tasks.core.files.object_file import PACKED
from tasks.object_readers.stored_object import StoredObject, one_plane


def recognises(file: h5py.File) -> bool:
    """Tell whether an HDF5 file has been written by `write_object`."""
    dataset = file.get("object")
    return isinstance(dataset, h5py.Dataset) and "origin_px" in dataset.attrs


def hand_over(path: Path, stored: StoredObject) -> None:
    """Write what a file of another program holds, whole or not at all: to be placed later."""
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        dataset = file.create_dataset("object", data=stored.object_, **PACKED)
        dataset.attrs["format"] = stored.format_name
        if stored.pixel_m is not None:
            dataset.attrs["pixel_m"] = stored.pixel_m
        if stored.origin_px is not None:
            dataset.attrs["origin_px"] = stored.origin_px


def read_handed_over(path: Path) -> StoredObject:
    """Read what `hand_over` has written; ValueError if it is damaged."""
    with open_hdf5(path) as file:
        dataset = file["object"]
        pixel_m, origin = (dataset.attrs.get(name) for name in ("pixel_m", "origin_px"))
        place = None if origin is None else (float(origin[0]), float(origin[1]))
        return StoredObject(
            dataset[()],
            None if pixel_m is None else float(pixel_m),
            place,
            str(dataset.attrs["format"]),
        )


def read(path: Path) -> StoredObject:
    """Read an object and its place; the file does not state its pixel."""
    with open_foreign_hdf5(path) as file:
        dataset = field(file, "object", "object")
        object_ = one_plane(whole(dataset), f"{path.name}: object")
        row, column = np.asarray(dataset.attrs["origin_px"], dtype=np.float64).ravel()[:2].tolist()
    return StoredObject(object_, None, (row, column))
