"""CXI 1.6 (Maia, Nature Methods 9, 854 (2012)): the object as `image_1`, without a loss."""

from pathlib import Path

import h5py
import numpy as np

from tasks.core.files.atomic_files import atomic_path
from tasks.core.files.scan_file import DETECTOR, PLACEHOLDER, SOURCE, TRANSLATION
from tasks.core.files.scan_record import ELECTRONVOLT_J
from tasks.export import Exported

IMAGE = "entry_1/image_1"


def write(exported: Exported, folder: Path) -> list[Path]:
    """Write `<name>.cxi`.

    `translation` is that of the sample, against the motion of the probe; `origin_px` of the image
    is where its first pixel lies in the frame of the positions.
    """
    path = folder / f"{exported.name}.cxi"
    pixel_m, window, geometry = exported.stored_pixel_m, exported.window, exported.geometry
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file["cxi_version"] = 160
        image = file.create_group(IMAGE)
        image["data"] = window.object_
        image["data_space"] = "real"
        image["data_type"] = "complex transmission"
        image["image_size"] = np.array([*window.object_.shape[::-1], 0]) * pixel_m
        image["data"].attrs["origin_px"] = np.asarray(window.origin_px, dtype=np.int64)
        image["data"].attrs["axes"] = "y, x"
        image["process_1/command"] = exported.name
        source = file.create_group(SOURCE)
        source["energy"] = geometry.energy_ev * ELECTRONVOLT_J
        source["energy"].attrs["units"] = "J"
        source["illumination"] = exported.probe_modes
        detector = file.create_group(DETECTOR)
        detector["distance"] = geometry.distance_m
        detector["x_pixel_size"] = detector["y_pixel_size"] = geometry.detector_pixel_m
        if not geometry.is_known:
            detector.attrs[PLACEHOLDER] = True
        translation = np.zeros((len(exported.positions_px), 3))
        translation[:, :2] = -exported.positions_px[:, ::-1] * pixel_m
        file[TRANSLATION] = translation
        file[TRANSLATION].attrs["units"] = "m"
    return [path]
