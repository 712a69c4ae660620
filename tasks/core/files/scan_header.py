"""Reading all of a scan in CXI but its patterns.

Layout and units after Maia, Nature Methods 9, 854 (2012) and the CXI file format 1.6: energies
in joules, lengths in metres, and `translation` that of the *sample*: where the sample moves
by +x, the probe moves over it by -x. Positions in object pixels are made here and in
`scan_writer` alone.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import orjson
from numpy.typing import NDArray

from tasks.core.files.atomic_files import open_hdf5
from tasks.core.files.scan_record import (
    DETECTOR_PIXEL_WINDOW_M,
    DISTANCE_WINDOW_M,
    ELECTRONVOLT_J,
    ENERGY_WINDOW_EV,
    Geometry,
    ScanHeader,
)
from tasks.core.files.scan_writer import (
    COUNTS,
    DETECTOR,
    PLACEHOLDER,
    PROVENANCE,
    SOURCE,
    TRANSLATION,
)
from tasks.core.physics.probe import coherent_probe

_ENERGY_UNITS_J = {"J": 1.0, "eV": ELECTRONVOLT_J, "keV": 1e3 * ELECTRONVOLT_J}


def read_scan_header(path: Path) -> ScanHeader:
    """Read all of a scan but its patterns.

    Raises:
        ValueError: If the file is missing, cut short or lacks a field; if the energy is outside
            50 eV to 200 keV; if a length, a position or the probe is not finite; or if the
            positions are not one for each pattern.
    """
    with open_hdf5(path) as file:
        return _read_header(path, file)


def _read_header(path: Path, file: h5py.File) -> ScanHeader:
    shape = _field(path, file, COUNTS, "diffraction patterns").shape
    geometry = _read_geometry(path, file)
    translation = _finite(path, TRANSLATION, _field(path, file, TRANSLATION, "translations")[()])
    if len(shape) != 3 or translation.shape != (shape[0], 3):
        raise ValueError(
            f"{path} must hold patterns (J, N, N) and as many translations (J, 3), got "
            f"{shape} and {translation.shape}. Write one translation for each pattern."
        )
    name = f"{SOURCE}/illumination"
    light = _finite(path, name, _field(path, file, name, "illumination")[()])
    mask = file[f"{DETECTOR}/mask"][()] if f"{DETECTOR}/mask" in file else None
    return ScanHeader(
        positions_px=-translation[:, 1::-1] / geometry.object_pixel_m(shape[-1]),
        probe=coherent_probe(light) if light.ndim == 3 else light,
        geometry=geometry,
        provenance=orjson.loads(file[PROVENANCE][()]),
        modes=light if light.ndim == 3 else None,
        pixel_mask=mask if mask is not None and mask.any() else None,
    )


def _read_geometry(path: Path, file: h5py.File) -> Geometry:
    """Return the geometry; refuse energies and lengths that no instrument has."""
    energy = _field(path, file, f"{SOURCE}/energy", "photon energy")
    units = energy.attrs.get("units", "J")
    energy_ev = float(energy[()]) * _ENERGY_UNITS_J.get(str(units), np.nan) / ELECTRONVOLT_J
    if not ENERGY_WINDOW_EV[0] <= energy_ev <= ENERGY_WINDOW_EV[1]:
        raise ValueError(
            f"{path} has a photon energy of {energy[()]:.6g} {units}, expected 50 eV to 200 keV "
            f"in J, eV or keV. Write the photons' energy, not the machine's, into {SOURCE}/energy, "
            f"with its unit in the attribute `units`."
        )
    lengths = {}
    windows = {"distance": DISTANCE_WINDOW_M, "x_pixel_size": DETECTOR_PIXEL_WINDOW_M}
    for name, (least, most) in windows.items():
        length = float(_field(path, file, f"{DETECTOR}/{name}", name)[()])
        if not least <= length <= most:
            raise ValueError(
                f"{path} has {DETECTOR}/{name} = {length:g} m, expected a positive length from "
                f"{least:g} to {most:g} m. Correct it in metres."
            )
        lengths[name] = length
    is_known = not bool(file[DETECTOR].attrs.get(PLACEHOLDER, False))
    return Geometry(energy_ev, lengths["distance"], lengths["x_pixel_size"], is_known)


def _field(path: Path, file: h5py.File, name: str, meaning: str) -> h5py.Dataset:
    """Return a dataset; name what is missing, and where it belongs."""
    if name not in file:
        raise ValueError(
            f"{path} has no {meaning}: the dataset {name} is missing. Add it (CXI 1.6), or "
            f"convert the file again from its source."
        )
    return file[name]


def _finite(path: Path, name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Return values; refuse them where one is not finite."""
    if not np.isfinite(values).all():
        raise ValueError(
            f"{path} has values in {name} that are not finite. Repair them or leave those "
            f"exposures out."
        )
    return values
