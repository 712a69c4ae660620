"""Product of Ptychodus, and pty-chi's HDF5: `object`, its pixel and, of a product, its centre.

An object of w pixels whose first one is o has its centre at (o + w / 2) pixels.
"""

from pathlib import Path

import h5py

from tasks.core.files.foreign_hdf5 import attribute_number, field, open_foreign_hdf5, whole
from tasks.object_readers.stored_object import StoredObject, one_plane, pixel_side

PIXELS, CENTRES = ("pixel_height_m", "pixel_width_m"), ("center_y_m", "center_x_m")
COMMENTS, UNKNOWN = "comments", "geometry is not known"


def recognises(file: h5py.File) -> bool:
    """Tell whether a file has an object with the side of its pixel."""
    dataset = file.get("object")
    return isinstance(dataset, h5py.Dataset) and PIXELS[0] in dataset.attrs


def read(path: Path) -> StoredObject:
    """Read the object, its pixel, and its place where the file states the centre."""
    with open_foreign_hdf5(path) as file:
        dataset = field(file, "object", "object")
        object_ = one_plane(whole(dataset), f"{path.name}: object")
        sides = [attribute_number(dataset, name) for name in PIXELS]
        centres = [attribute_number(dataset, name) for name in CENTRES]
        is_placeholder = UNKNOWN in str(file.attrs.get(COMMENTS, ""))
    pixel_m = pixel_side(sides, path.name)
    origin = None
    if pixel_m is not None and None not in centres:
        row, column = (
            float(centre or 0) / pixel_m - size / 2
            for centre, size in zip(centres, object_.shape, strict=True)
        )
        origin = (row, column)
    return StoredObject(object_, None if is_placeholder else pixel_m, origin)
