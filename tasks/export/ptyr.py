"""HDF5 laid out like PtyPy's .ptyr: object and probe as storages, lengths in metres, (y, x).

`_origin` is the place of pixel [0, 0] in the coordinates of the positions. This is the part of a
.ptyr that viewers read; PtyPy's own record of its parameters is not there.
"""

from pathlib import Path

import h5py
import numpy as np

from tasks.core.files.atomic_files import atomic_path
from tasks.export import Exported

STORAGE = "Sscan_00G00"
EV_PER_KEV = 1000.0


def write(exported: Exported, folder: Path) -> list[Path]:
    """Write `<name>.ptyr`."""
    path = folder / f"{exported.name}.ptyr"
    pixel_m, window, geometry = exported.stored_pixel_m, exported.window, exported.geometry
    storages = {
        "obj": (window.object_[None], np.asarray(window.origin_px)),
        "probe": (exported.probe_modes, -np.full(2, exported.probe_modes.shape[-1] // 2)),
    }
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file["header/kind"] = "minimal"
        file["header/description"] = exported.name
        for kind, (data, origin_px) in storages.items():
            storage = file.create_group(f"content/{kind}/{STORAGE}")
            storage["data"] = data
            storage["ID"] = STORAGE
            storage["shape"] = np.asarray(data.shape)
            storage["_psize"] = np.full(2, pixel_m)
            storage["_origin"] = origin_px * pixel_m
            storage["_energy"] = geometry.energy_ev / EV_PER_KEV
        file["content/positions"] = exported.positions_px * pixel_m
        file["content/geometry/distance"] = geometry.distance_m
        file["content/geometry/psize"] = geometry.detector_pixel_m
        file["content/geometry/is_known"] = geometry.is_known
    return [path]
