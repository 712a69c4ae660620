"""Product HDF5 of Ptychodus: positions of the probe in metres, probe, object and its centre.

Ptychodus finds the middle of the patch of a position x at (x - center_x) / dx + (w - 1) / 2, where
pixels have their middle at whole numbers. Our patch about p covers p - N / 2 to p + N / 2 - 1, so
its middle is p - 1 / 2, and with x = p dx the centre of an object whose first pixel is o lies at
(o + w / 2) dx.
"""

from pathlib import Path

import h5py
import numpy as np

from tasks.core.files.atomic_files import atomic_path
from tasks.export import Exported

UNKNOWN = "The geometry is not known: an object pixel of 1 nm stands in, no length means anything."


def write(exported: Exported, folder: Path) -> list[Path]:
    """Write `<name>_product.h5`."""
    path = folder / f"{exported.name}_product.h5"
    pixel_m, window, geometry = exported.stored_pixel_m, exported.window, exported.geometry
    modes, positions_m = exported.probe_modes, exported.positions_px * pixel_m
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["name"] = exported.name
        file.attrs["comments"] = "" if geometry.is_known else UNKNOWN
        file.attrs["detector_object_distance_m"] = geometry.distance_m
        file.attrs["probe_energy_eV"] = geometry.energy_ev
        file.attrs["probe_photon_count"] = float(np.sum(np.abs(modes) ** 2))
        for name in ("exposure_time_s", "mass_attenuation_m2_kg", "tomography_angle_deg"):
            file.attrs[name] = 0.0
        file["probe_position_indexes"] = np.arange(len(positions_m))
        file["probe_position_y_m"] = positions_m[:, 0]
        file["probe_position_x_m"] = positions_m[:, 1]
        file["probe"] = modes[None]
        file["opr_weights"] = np.ones((len(positions_m), 1))
        file["object"] = window.object_[None]
        for name in ("probe", "object"):
            file[name].attrs["pixel_height_m"] = pixel_m
            file[name].attrs["pixel_width_m"] = pixel_m
        for axis, name in enumerate(("center_y_m", "center_x_m")):
            centre_px = window.origin_px[axis] + window.object_.shape[axis] / 2
            file["object"].attrs[name] = centre_px * pixel_m
        file["object_layer_spacing_m"] = np.zeros(0)
        file["loss_epochs"] = np.zeros(0, dtype=np.int64)
        file["loss_values"] = np.zeros(0)
    return [path]
