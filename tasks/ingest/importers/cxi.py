"""CXI 1.6 (Maia, Nature Methods 9, 854 (2012)), with the fields that ptychography adds.

`translation` is that of the *sample*, in metres (x, y, z). How rows and columns of the detector
lie in that frame is what `basis_vectors` say; without them rows go along +y and columns along
+x. The energy is in joules, and a mask is good where no bit of a fault is set.
"""

from pathlib import Path

import h5py
import numpy as np

from tasks.core.files.scan_record import PLACEHOLDER_PIXEL_M, good_pixels
from tasks.core.files.scan_writer import COUNTS, DETECTOR, PLACEHOLDER, SOURCE, TRANSLATION
from tasks.ingest.conventions import MaskSense, Moves, PositionUnit
from tasks.ingest.file_scan import FileOptions, FilePositions, FileScan, probe_modes_of
from tasks.ingest.files.hdf5 import number, open_foreign_hdf5, units_of, whole
from tasks.ingest.files.patterns import Hdf5Part, Hdf5Patterns, axes_of
from tasks.ingest.files.units import energy_ev, energy_of_wavelength_ev, length_m
from tasks.ingest.importers.cxi_fields import (
    detector_distance_m,
    detector_pixel_m,
    first_of,
    in_detector_axes,
)

DATA = (COUNTS, "entry_1/data_1/data")
TRANSLATIONS = (TRANSLATION, "entry_1/data_1/translation", f"{DETECTOR}/translation")
ILLUMINATION = f"{SOURCE}/illumination"


def recognises(file: h5py.File) -> bool:
    """Tell whether a file is CXI."""
    return "cxi_version" in file or any(name in file for name in DATA)


def read(path: Path, options: FileOptions) -> FileScan:
    """Read what a CXI file states of a scan.

    Raises:
        ValueError: If it has no patterns or translations, or a field holds what cannot be.
    """
    with open_foreign_hdf5(path) as file:
        name = first_of(file, DATA, "diffraction patterns")
        data = file[name]
        unknown = DETECTOR in file and bool(file[DETECTOR].attrs.get(PLACEHOLDER, False))
        mask = whole(file[f"{DETECTOR}/mask"]) if f"{DETECTOR}/mask" in file else None
        light = whole(file[ILLUMINATION]) if ILLUMINATION in file else None
        return FileScan(
            patterns=Hdf5Patterns(
                path, (Hdf5Part(name, data.shape, data.dtype, axes_of(data.shape, name)),)
            ),
            positions=_positions(file, unknown),
            energy_ev=_energy_ev(file) if not unknown and options.energy_ev is None else None,
            distance_m=detector_distance_m(file, options) if not unknown else None,
            detector_pixel_m=detector_pixel_m(file, options) if not unknown else None,
            mask=None if mask is None else good_pixels(mask.astype(np.uint32)),
            mask_sense=MaskSense.NONZERO_IS_GOOD,
            probe_modes=None if light is None else probe_modes_of(light, ILLUMINATION),
            geometry_unknown=unknown,
            origins={"patterns": name, "positions": first_of(file, TRANSLATIONS, "translations")},
        )


def _positions(file: h5py.File, unknown: bool) -> FilePositions:
    """Return the translations of the sample along the rows and columns of the detector."""
    name = first_of(file, TRANSLATIONS, "translations")
    factor = length_m(1.0, units_of(file, name) or "m", f"{name} of {file.filename}")
    along = in_detector_axes(file, whole(file[name]), name) * factor
    if unknown:
        return FilePositions(along / PLACEHOLDER_PIXEL_M, PositionUnit.PX, Moves.SAMPLE)
    return FilePositions(along, PositionUnit.M, Moves.SAMPLE)


def _energy_ev(file: h5py.File) -> float | None:
    """Return the photon energy; that of the wavelength where no energy is there."""
    name = f"{SOURCE}/energy"
    value = number(file, name)
    if value is not None:
        return energy_ev(value, units_of(file, name) or "J", f"{name} of {file.filename}")
    name = f"{SOURCE}/wavelength"
    value = number(file, name)
    if value is None:
        return None
    metres = length_m(value, units_of(file, name) or "m", name)
    return energy_of_wavelength_ev(metres, f"{name} of {file.filename}")
