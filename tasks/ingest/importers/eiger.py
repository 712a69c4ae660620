"""Master file of a DECTRIS Eiger: frames in files of their own, which the master links to.

Names follow DECTRIS' file writer (SIMPLON API, NeXus NXmx): `entry/data/data_000001` and on,
`entry/instrument/detector/detector_distance`, `detectorSpecific/pixel_mask` (zero is good). Frames
are intensities. A master has no positions of the sample: they come from a product or from a file.
"""

import re
from pathlib import Path

import h5py

from tasks.core.files.foreign_hdf5 import number, open_foreign_hdf5, units_of, whole
from tasks.ingest.file_options import FileOptions, MaskSense
from tasks.ingest.file_scan import FileMask, FileScan, unless_given
from tasks.ingest.files.patterns import hdf5_patterns
from tasks.ingest.files.units import (
    energy_ev,
    energy_of_wavelength_ev,
    length_m,
    plausible_m,
    square,
)

FRAMES = re.compile(r"data_(\d+)")
GROUPS = ("entry/data", "entry")
DETECTOR = "entry/instrument/detector"
DISTANCES = (f"{DETECTOR}/detector_distance", f"{DETECTOR}/distance")
ENERGIES = (f"{DETECTOR}/detectorSpecific/photon_energy", "entry/instrument/beam/incident_energy")
WAVELENGTHS = (
    "entry/instrument/beam/incident_wavelength",
    "entry/sample/beam/incident_wavelength",
    "entry/instrument/monochromator/wavelength",
)
MASKS = (f"{DETECTOR}/pixel_mask", f"{DETECTOR}/detectorSpecific/pixel_mask")


def recognises(file: h5py.File) -> bool:
    """Tell whether a file has numbered datasets of frames."""
    return bool(_frames(file))


def read(path: Path, options: FileOptions) -> FileScan:
    """Read what a master file states of a scan, its frames one after the other."""
    with open_foreign_hdf5(path) as file:
        names = _frames(file)
        if not names:
            raise ValueError(
                f"{path} has no frames called {GROUPS[0]}/data_000001. Name the master file of "
                f"the scan, or another --format."
            )
        masks = [name for name in MASKS if name in file]
        return FileScan(
            patterns=hdf5_patterns(path, file, names),
            positions=None,
            energy_ev=unless_given(options.energy_ev, lambda: _energy_ev(file)),
            distance_m=unless_given(options.distance_m, lambda: _distance_m(file)),
            detector_pixel_m=unless_given(options.detector_pixel_m, lambda: _pixel_m(file)),
            mask=FileMask.of(whole(file[masks[0]]), MaskSense.ZERO_IS_GOOD) if masks else None,
            origins={"patterns": f"{names[0]} to {names[-1]}"},
        )


def _frames(file: h5py.File) -> list[str]:
    """Return the datasets of frames in the order of their numbers, or the only one."""
    for group in GROUPS:
        held = file.get(group)
        if not isinstance(held, h5py.Group):
            continue
        found = {int(match[1]): name for name in held if (match := FRAMES.fullmatch(name))}
        names = [f"{group}/{found[place]}" for place in sorted(found)]
        stacks = [name for name in names if isinstance(file.get(name), h5py.Dataset)]
        if any(file[name].ndim == 3 for name in stacks):
            lacking = [name for name in names if name not in stacks]
            if lacking:
                raise ValueError(
                    f"{file.filename} leads at {lacking[0]} to frames that are not there. Put the "
                    f"linked files back beside it."
                )
            return names
    single = f"{GROUPS[0]}/data"
    is_stack = isinstance(file.get(single), h5py.Dataset) and file[single].ndim == 3
    return [single] if is_stack and DETECTOR in file else []


def _energy_ev(file: h5py.File) -> float | None:
    for name in ENERGIES:
        if (value := number(file, name)) is not None:
            return energy_ev(value, units_of(file, name) or "eV", f"{name} of {file.filename}")
    for name in WAVELENGTHS:
        if (value := number(file, name)) is not None:
            where = f"{name} of {file.filename}"
            metres = length_m(value, units_of(file, name) or "angstrom", where)
            return energy_of_wavelength_ev(metres, where)
    return None


def _distance_m(file: h5py.File) -> float | None:
    for name in DISTANCES:
        if (value := number(file, name)) is not None:
            metres = length_m(value, units_of(file, name) or "m", f"{name} of {file.filename}")
            return plausible_m("distance_m", metres)
    return None


def _pixel_m(file: h5py.File) -> float | None:
    sides = [
        length_m(value, units_of(file, name) or "m", f"{name} of {file.filename}")
        for axis in "xy"
        if (value := number(file, name := f"{DETECTOR}/{axis}_pixel_size")) is not None
    ]
    return plausible_m("detector_pixel_m", square(sides, file.filename)) if sides else None
