"""Product HDF5 of Ptychodus: positions of the probe in metres, probe, object and its centre.

Ptychodus finds the middle of the patch of a position x at (x - center_x) / dx + (w - 1) / 2, where
pixels have their middle at whole numbers. Our patch about p covers p - N / 2 to p + N / 2 - 1, so
its middle is p - 1 / 2, and with x = p dx the centre of an object whose first pixel is o lies at
(o + w / 2) dx.
"""

from pathlib import Path

import h5py
import numpy as np

from tasks.core.files.atomic_files import atomic_path, open_hdf5
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_record import Geometry
from tasks.export.record import Exported

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


def read(path: Path) -> Exported:
    """Read what `write` wrote; the detector pixel is the one that the object pixel belongs to.

    Raises:
        ValueError: If the file is missing, cut short or of another kind.
    """
    with open_hdf5(path) as file:
        object_, modes = file["object"], file["probe"][0]
        pixel_m = float(object_.attrs["pixel_height_m"])
        distance_m, energy_ev = (
            float(file.attrs[name]) for name in ("detector_object_distance_m", "probe_energy_eV")
        )
        unit = Geometry(energy_ev, distance_m, 1.0)
        known = file.attrs["comments"] != UNKNOWN
        geometry = Geometry(
            energy_ev, distance_m, unit.object_pixel_m(modes.shape[-1]) / pixel_m, known
        )
        values = object_[0]
        origin = tuple(
            round(float(object_.attrs[name]) / pixel_m - side / 2)
            for name, side in zip(("center_y_m", "center_x_m"), values.shape, strict=True)
        )
        positions_m = np.stack([file[f"probe_position_{axis}_m"][()] for axis in "yx"], axis=1)
        return Exported(
            str(file.attrs["name"]),
            ObjectWindow(values, (origin[0], origin[1])),
            modes,
            positions_m / pixel_m,
            geometry,
        )
