"""NeXus NXcxi_ptycho and NXptycho: CXI with the names of NeXus, and units as attributes.

`source_1/energy` is the energy of the *machine*; the photons' is that of the beam. A raster may be
stored as (rows, columns, H, W). The motors move the sample; a `vector` says along which direction.
The public writer of NXptycho (lightsources/NX-cxi-ptycho) calls its groups `instrument/detector`,
`instrument/beam` and `sample/transformations`, the axes by names of its own, and gives some
attributes as `unit`; its earlier versions write `Detector` and `Beam`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.core import Real64
from tasks.core.files.foreign_hdf5 import number, open_foreign_hdf5, text, units_of, whole
from tasks.ingest.file_options import FileOptions, Moves, Order
from tasks.ingest.file_scan import FilePositions, FileScan, columns, probe_modes_of, unless_given
from tasks.ingest.files.entries import Entry, entry_names, find_entry
from tasks.ingest.files.patterns import hdf5_patterns
from tasks.ingest.files.units import energy_ev, energy_of_wavelength_ev, length_m
from tasks.ingest.importers.cxi import detector_axes, detector_facts, sought

DEFINITIONS = ("NXcxi_ptycho", "NXptycho")
ENERGIES = ("incident_beam_energy", "incident_energy", "energy")
WAVELENGTHS = ("incident_wavelength", "wavelength")
# What the axes across the beam are called; others are found by their vectors.
AXIS_NAMES = {
    "x": ("x", "horizontal", "translation_x", "sample_x", "samx"),
    "y": ("y", "vertical", "translation_y", "sample_y", "samy"),
}
ALONG = 0.99


def recognises(file: h5py.File) -> bool:
    """Tell whether a file names one of the definitions of NeXus for ptychography."""
    named = (file.get(f"{entry}/definition") for entry in entry_names(file))
    return any(isinstance(one, h5py.Dataset) and text(one[()]) in DEFINITIONS for one in named)


def read(path: Path, options: FileOptions) -> FileScan:
    """Read what a NeXus file states of a scan; refuse one without patterns."""
    with open_foreign_hdf5(path) as file:
        entry = find_entry(file, options)
        positions = _sample_positions(entry)
        lights = entry.names(("instrument", "source"), "illumination")
        return FileScan(
            patterns=hdf5_patterns(path, file, (entry.patterns,)),
            positions=positions,
            energy_ev=unless_given(options.energy_ev, lambda: _energy_ev(entry)),
            **detector_facts(path, entry, options),
            probe_modes=probe_modes_of(whole(file[lights[0]]), lights[0]) if lights else None,
            positions_sought=sought(entry, "sample_1/transformations/x"),
            origins={
                "patterns": entry.patterns,
                "positions": "" if positions is None else positions.where,
            },
        )


def _sample_positions(entry: Entry) -> FilePositions | None:
    """Return positions of the sample, as translations or of its motors; None without any."""
    names = [
        *entry.in_detector("translation"),
        *entry.names(("data",), "translation"),
        *entry.names(("sample", "geometry"), "translation"),
    ]
    if names:
        units = units_of(entry.file, names[0])
        values = whole(entry.file[names[0]])
        return _positions(entry, values, units, Order.XY, names[0])
    x, y = _motor(entry, "x"), _motor(entry, "y")
    if x is None or y is None:
        return None
    where = f"{y.name} and {x.name}"
    x, y = _on_raster(entry, x, y)
    of_x, of_y = (units_of(entry.file, motor.name) for motor in (x, y))
    if of_x is None or of_y is None:  # nobody knows how they compare
        return _positions(entry, columns(y.values, x.values), None, Order.YX, where)
    sizes = [length_m(1.0, unit, where) for unit in (of_x, of_y)]
    values = columns(y.values, x.values * (sizes[0] / sizes[1]))
    return _positions(entry, values, of_y, Order.YX, where)


def _positions(
    entry: Entry, values: NDArray[Any], units: str | None, order: Order, where: str
) -> FilePositions:
    return FilePositions(
        values,
        units,
        Moves.SAMPLE,
        order,
        is_unit_stated=True,
        are_apart=order is Order.YX,
        axes=detector_axes(entry),
        where=where,
    )


@dataclass(frozen=True)
class _Motor:
    """A motor across the beam: its dataset, and its positions along +x or +y in the file's unit."""

    name: str
    values: Real64


def _on_raster(entry: Entry, x: _Motor, y: _Motor) -> tuple[_Motor, _Motor]:
    """Return the motors with a value for each pattern, where a raster has one for each line."""
    shape = entry.file[entry.patterns].shape
    if len(shape) != 4 or (y.values.size, x.values.size) != shape[:2]:
        return x, y
    down, across = np.meshgrid(y.values.ravel(), x.values.ravel(), indexing="ij")
    return _Motor(x.name, across), _Motor(y.name, down)


def _motor(entry: Entry, axis: str) -> _Motor | None:
    """Return the motor along an axis: by its name, else by its `vector`; None without one."""
    candidates = _motor_datasets(entry)
    named = [one for called, one in candidates if called.lower() in AXIS_NAMES[axis]]
    pointing = [one for _, one in candidates if _share_along(entry.file[one], axis) >= ALONG]
    for name in (*named, *pointing):
        return _Motor(name, _along_its_vector(entry.file, name, axis))
    return None


def _motor_datasets(entry: Entry) -> list[tuple[str, str]]:
    """Return what motors are called, and the dataset of each that holds more than one position."""
    found = []
    for group in entry.groups("sample", "transformations"):
        found += [(name, f"{group}/{name}") for name in entry.file[group]]
    for group in entry.groups("sample", "positioner"):
        label = entry.file.get(f"{group}/name")
        called = text(label[()]) if isinstance(label, h5py.Dataset) else group.split("/")[-1]
        found += [(called, f"{group}/{name}") for name in ("raw_value", "value", "target_value")]
    held = [(called, name) for called, name in found if name in entry.file]
    return [
        (called, name)
        for called, name in held
        if isinstance(entry.file[name], h5py.Dataset) and entry.file[name].size > 1
    ]


def _share_along(dataset: h5py.Dataset, axis: str) -> float:
    """Return how much of a translation's `vector` is along an axis, 0 to 1; 0 without one."""
    kind = text(dataset.attrs.get("transformation_type", "translation"))
    vector = np.asarray(dataset.attrs.get("vector", np.zeros(3)), dtype=np.float64).ravel()
    if kind != "translation" or vector.shape != (3,) or not vector.any():
        return 0.0
    return float(abs(vector["xyz".index(axis)]) / np.linalg.norm(vector))


def _along_its_vector(file: h5py.File, name: str, axis: str) -> Real64:
    """Return a motor's positions along +x or +y: its `vector` may point the other way."""
    place = "xyz".index(axis)
    vector = np.asarray(file[name].attrs.get("vector", np.eye(3)[place]), dtype=np.float64).ravel()
    is_one = vector.shape == (3,) and vector.any()
    if not is_one or abs(vector[place]) < ALONG * np.linalg.norm(vector):
        raise ValueError(
            f"The motor {name} of {file.filename} moves along {vector.tolist()}, expected the axis "
            f"{axis}. Turn its positions into that axis beforehand."
        )
    return np.asarray(whole(file[name]) * np.sign(vector[place]), dtype=np.float64)


def _energy_ev(entry: Entry) -> float | None:
    """Return the energy of the photons; never that of the machine."""
    file = entry.file
    beams = [*entry.groups("instrument", "beam"), *entry.groups("sample", "beam")]
    for name in (f"{beam}/{field}" for field in ENERGIES for beam in beams):
        if (value := number(file, name)) is not None:
            return energy_ev(value, _units(file, name), f"{name} of {file.filename}")
    for name in (f"{beam}/{field}" for field in WAVELENGTHS for beam in beams):
        if (value := number(file, name)) is not None:
            where = f"{name} of {file.filename}"
            return energy_of_wavelength_ev(length_m(value, _units(file, name), where), where)
    return None


def _units(file: h5py.File, name: str) -> str:
    """Return the unit that NeXus requires; refuse to guess one."""
    units = units_of(file, name)
    if units is None:
        raise ValueError(
            f"{name} of {file.filename} has no attribute `units`, which NeXus requires. Add it to "
            f"the file, or give --energy-ev."
        )
    return units
