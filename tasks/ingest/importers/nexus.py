"""NeXus NXcxi_ptycho: CXI with the names of NeXus, and units as attributes.

`source_1/energy` is the energy of the *machine*; the photons' is `beam_1/incident_beam_energy`.
A raster may be stored as (rows, columns, H, W). The motors under `sample_1` move the sample; a
`vector` says along which direction.
"""

from pathlib import Path

import h5py
import numpy as np

from tasks.core import Real64
from tasks.core.files.foreign_hdf5 import first_of, number, open_foreign_hdf5, text, units_of, whole
from tasks.core.files.scan_file import COUNTS, DETECTOR, TRANSLATION
from tasks.ingest.file_scan import (
    FileOptions,
    FilePositions,
    FileScan,
    Moves,
    PositionUnit,
    columns,
)
from tasks.ingest.files.patterns import hdf5_patterns
from tasks.ingest.files.units import energy_ev, length_m
from tasks.ingest.importers.cxi import detector_facts, in_detector_axes

DEFINITIONS = ("NXcxi_ptycho", "NXptycho")
TRANSLATIONS = (f"{DETECTOR}/translation", "entry_1/data_1/translation", TRANSLATION)
MOTORS = "entry_1/sample_1/transformations"
BEAM = "entry_1/instrument_1/beam_1"


def recognises(file: h5py.File) -> bool:
    """Tell whether a file names one of the definitions of NeXus for ptychography."""
    named = file.get("entry_1/definition")
    return isinstance(named, h5py.Dataset) and text(named[()]) in DEFINITIONS


def read(path: Path, options: FileOptions) -> FileScan:
    """Read what a NeXus file states of a scan; refuse one without patterns, positions or units."""
    with open_foreign_hdf5(path) as file:
        name = first_of(file, (COUNTS, "entry_1/data_1/data"), "diffraction patterns")
        values, found_at = _sample_positions(file)
        return FileScan(
            patterns=hdf5_patterns(path, file[name]),
            positions=FilePositions(values, PositionUnit.M, Moves.SAMPLE),
            energy_ev=_energy_ev(file) if options.energy_ev is None else None,
            **detector_facts(file, options),
            origins={"patterns": name, "positions": found_at, "energy": BEAM},
        )


def _sample_positions(file: h5py.File) -> tuple[Real64, str]:
    """Return positions of the sample (y, x) [m], and where they were found."""
    for name in TRANSLATIONS:
        if name in file:
            factor = length_m(1.0, _units(file, name), f"{name} of {file.filename}")
            return in_detector_axes(file, whole(file[name]), name) * factor, name
    motors = [first_of(file, (f"{MOTORS}/{axis}",), "positions") for axis in "xy"]
    x, y = (_along_its_vector(file, name, axis) for axis, name in enumerate(motors))
    return in_detector_axes(file, columns(y, x)[:, ::-1], MOTORS), MOTORS


def _along_its_vector(file: h5py.File, name: str, axis: int) -> Real64:
    """Return a motor's positions [m] along +x or +y: its `vector` may point the other way."""
    metres = whole(file[name]) * length_m(1.0, _units(file, name), f"{name} of {file.filename}")
    vector = np.asarray(file[name].attrs.get("vector", np.eye(3)[axis]), dtype=np.float64).ravel()
    is_one = vector.shape == (3,) and vector.any()
    if not is_one or abs(vector[axis]) < 0.99 * np.linalg.norm(vector):
        raise ValueError(
            f"The motor {name} of {file.filename} moves along {vector.tolist()}, expected the axis "
            f"{'xy'[axis]}. Turn its positions into that axis beforehand."
        )
    return np.asarray(metres * np.sign(vector[axis]), dtype=np.float64)


def _units(file: h5py.File, name: str) -> str:
    """Return the unit that NeXus requires; refuse to guess one."""
    units = units_of(file, name)
    if units is None:
        raise ValueError(
            f"{name} of {file.filename} has no attribute `units`, which NeXus requires. Add it to "
            f"the file, or read the file with --format cxi, which takes metres."
        )
    return units


def _energy_ev(file: h5py.File) -> float | None:
    """Return the energy of the photons; never that of the machine."""
    for field in ("incident_beam_energy", "incident_energy", "energy"):
        name = f"{BEAM}/{field}"
        if (value := number(file, name)) is not None:
            return energy_ev(value, _units(file, name), f"{name} of {file.filename}")
    return None
