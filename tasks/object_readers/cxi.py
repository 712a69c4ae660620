"""CXI: the object as `image_1`, as CXI 1.6 has it and `tasks.export` writes it.

The extent of the image, `image_size` [m], is that of width and height.
"""

from pathlib import Path

import h5py
import numpy as np

from tasks.core.files.foreign_hdf5 import field, open_foreign_hdf5, whole
from tasks.object_readers.stored_object import StoredObject, one_plane, pixel_side

IMAGE = "entry_1/image_1"
PLACEHOLDER = "geometry_is_placeholder"
DETECTOR = "entry_1/instrument_1/detector_1"


def recognises(file: h5py.File) -> bool:
    """Tell whether a file holds an image of CXI."""
    return isinstance(file.get(f"{IMAGE}/data"), h5py.Dataset)


def read(path: Path) -> StoredObject:
    """Read image_1, its pixel from its extent, and its place where `tasks.export` wrote one."""
    with open_foreign_hdf5(path) as file:
        data = field(file, f"{IMAGE}/data", "image")
        object_ = one_plane(whole(data), f"{path.name}: {data.name}")
        origin = data.attrs.get("origin_px")
        is_placeholder = DETECTOR in file and PLACEHOLDER in file[DETECTOR].attrs
        size = (
            np.asarray(file[f"{IMAGE}/image_size"][()]) if f"{IMAGE}/image_size" in file else None
        )
    pixel_m = None
    if size is not None and size.size >= 2 and not is_placeholder:
        width, height = (float(extent) for extent in size.ravel()[:2])
        sides = (height / object_.shape[0], width / object_.shape[1])
        pixel_m = pixel_side(sides, path.name)
    place = None if origin is None else (float(origin[0]), float(origin[1]))
    return StoredObject(object_, pixel_m, place)
