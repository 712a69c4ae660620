"""A product beside the patterns: positions, probe and geometry, as Ptychodus or PtyPy store them.

Products of Ptychodus come as HDF5 (attributes), NPZ (arrays with a prefix) or CXI
(`entry_1/ptychodus`). Since version 1.7 the energy is `photon_energy_eV`, and `far_field` says
whether the patterns are far-field ones. Positions are those of the probe over the object, in
metres, x and y apart, with the index of the pattern that each belongs to; those of the CXI too,
though CXI means the sample's. A `.ptyr` of PtyPy gives its probe alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.core import Complex
from tasks.core.files.archive import is_archive, read_arrays
from tasks.core.files.foreign_hdf5 import open_foreign_hdf5, whole
from tasks.core.files.scan_record import ELECTRONVOLT_J
from tasks.ingest.file_options import FileOptions, Moves, Order
from tasks.ingest.file_scan import FilePositions, FileScan, columns, probe_modes_of, unless_given
from tasks.ingest.files.units import energy_ev, plausible_m, square

X, Y, INDEXES = "probe_position_x_m", "probe_position_y_m", "probe_position_indexes"
ENERGIES = ("photon_energy_eV", "probe_energy_eV")
DISTANCE, FAR_FIELD = "detector_object_distance_m", "far_field"
CXI_EXTRAS, CXI_TRANSLATIONS = (
    "entry_1/ptychodus",
    ("entry_1/sample_1/geometry_1/translation", "entry_1/data_1/translation"),
)
CXI_PROBES = ("entry_1/image_1/data", "entry_1/instrument_1/source_1/illumination")
PTYR_PROBES = "content/probe"
# File and product may round otherwise, but not more than this.
AGREEMENT = 0.01


@dataclass(frozen=True)
class Product:
    """What a product states; None for what it does not state."""

    positions: FilePositions | None = None
    energy_ev: float | None = None
    distance_m: float | None = None
    object_pixel_m: float | None = None
    probe_modes: Complex | None = None
    far_field: bool | None = None


def with_product(file_scan: FileScan, path: Path, options: FileOptions) -> FileScan:
    """Return a scan with what its product states; what the product lacks stays the file's.

    ValueError if the product cannot be read, or is of another energy or distance.
    """
    found = read_product(path, options)
    origins = dict(file_scan.origins)
    for name in ("energy_ev", "distance_m"):
        mine, its = getattr(file_scan, name), getattr(found, name)
        if getattr(options, name) is None and mine and its and abs(its / mine - 1) > AGREEMENT:
            raise ValueError(
                f"The file states {name} = {mine:.6g}, its product {path.name} {its:.6g}. Name the "
                f"product of this scan, or give --{name.replace('_', '-')}."
            )
    if found.positions is not None:
        origins["positions"] = path.name
    if found.probe_modes is not None:
        origins["probe"] = path.name
    return replace(
        file_scan,
        positions=found.positions or file_scan.positions,
        energy_ev=file_scan.energy_ev or found.energy_ev,
        distance_m=file_scan.distance_m or found.distance_m,
        object_pixel_m=found.object_pixel_m or file_scan.object_pixel_m,
        probe_modes=file_scan.probe_modes if found.probe_modes is None else found.probe_modes,
        far_field=file_scan.far_field if found.far_field is None else found.far_field,
        origins=origins,
    )


def read_product(path: Path, options: FileOptions) -> Product:
    """Read a product; ValueError, with what the file holds, if it has neither positions nor probe.

    What is given as an option need not be right in the file.
    """
    if is_archive(path):
        arrays = read_arrays(path, options.unpacked_limit_gib)
        return _product(arrays, _Facts(arrays), path, options)
    with open_foreign_hdf5(path) as file:
        if isinstance(file.get(PTYR_PROBES), h5py.Group):
            return Product(probe_modes=_ptyr_probe(file, path))
        if X not in file and any(name in file for name in CXI_TRANSLATIONS):
            return _cxi_product(file, path, options)
        arrays = {
            name: whole(file[name])
            for name in (X, Y, INDEXES, "probe")
            if isinstance(file.get(name), h5py.Dataset)
        }
        small = (key for key in file if isinstance(file[key], h5py.Dataset) and file[key].size == 1)
        facts = {key: file[key][()] for key in small} | dict(file.attrs)
        for name in ("object", "probe"):
            if name in file:
                facts |= {
                    f"{name}_{key}": file[name].attrs[key]
                    for key in ("pixel_height_m", "pixel_width_m")
                    if key in file[name].attrs
                }
        held = {name: np.empty(0) for name in file}
        return _product(held | arrays, _Facts(facts), path, options)


class _Facts:
    """Numbers by name, of attributes, arrays or datasets."""

    def __init__(self, held: Mapping[str, Any]) -> None:
        self._held = held

    def number(self, *names: str) -> float | None:
        """Return the first of some numbers that is there and not zero."""
        for name in names:
            value = np.asarray(self._held[name]) if name in self._held else np.empty(0)
            if value.size == 1 and value.dtype.kind in "iuf" and float(value.ravel()[0]):
                return float(value.ravel()[0])
        return None

    def flag(self, name: str) -> bool | None:
        """Return whether something is true; None where nothing is said."""
        if name not in self._held:
            return None
        value = np.asarray(self._held[name]).ravel()
        if value.dtype.kind in "SUO" and value.size:
            word = value[0].decode() if isinstance(value[0], bytes) else str(value[0])
            return word.strip().lower() not in ("false", "0", "no")
        return bool(value[0]) if value.size else None

    def sides(self, *prefixes: str) -> list[float]:
        """Return the height and width of a pixel [m] under the first prefix that has any."""
        for prefix in prefixes:
            sides = [
                side
                for name in ("height", "width")
                if (side := self.number(f"{prefix}_pixel_{name}_m"))
            ]
            if sides:
                return sides
        return []


def _product(
    arrays: Mapping[str, NDArray[Any]], facts: _Facts, path: Path, options: FileOptions
) -> Product:
    if X not in arrays or Y not in arrays:
        raise ValueError(
            f"{path} is no product: it has no {X} and {Y}, but {', '.join(sorted(arrays))}. Name "
            f"the product of the scan, or a file of positions by --positions.file."
        )
    indexes = arrays.get(INDEXES)
    positions = FilePositions(
        columns(np.asarray(arrays[Y]), np.asarray(arrays[X])),
        "m",
        Moves.PROBE,
        is_unit_stated=True,
        are_apart=True,
        indexes=None if indexes is None or not indexes.size else np.asarray(indexes),
        where=f"The positions of {path.name}",
    )
    return _with_facts(positions, arrays.get("probe"), facts, path, options)


def _with_facts(
    positions: FilePositions,
    probe: NDArray[Any] | None,
    facts: _Facts,
    path: Path,
    options: FileOptions,
) -> Product:
    def energy() -> float | None:
        value = facts.number(*ENERGIES)
        return None if value is None else energy_ev(value, "eV", f"{ENERGIES[0]} of {path}")

    def distance() -> float | None:
        value = facts.number(DISTANCE)
        return plausible_m("distance_m", None if value is None else abs(value))

    sides = facts.sides("object", "probe")
    return Product(
        positions=positions,
        energy_ev=unless_given(options.energy_ev, energy),
        distance_m=unless_given(options.distance_m, distance),
        object_pixel_m=square(sides, str(path)) if sides else None,
        probe_modes=None
        if probe is None or not probe.size
        else probe_modes_of(np.asarray(probe), f"probe of {path}"),
        far_field=facts.flag(FAR_FIELD),
    )


def _cxi_product(file: h5py.File, path: Path, options: FileOptions) -> Product:
    """Return the product of Ptychodus in a CXI, whose translation is that of the probe."""
    name = next(name for name in CXI_TRANSLATIONS if name in file)
    extras = file.get(CXI_EXTRAS)
    held = {} if extras is None else {key: extras[key][()] for key in extras}
    held |= {} if extras is None else dict(extras.attrs)
    held |= {key: value for key, value in file.attrs.items() if key == FAR_FIELD}
    joules, metres = "entry_1/instrument_1/source_1/energy", "entry_1/instrument_1/detector_1"
    if joules in file:
        held.setdefault(ENERGIES[0], float(file[joules][()]) / ELECTRONVOLT_J)
    if f"{metres}/distance" in file:
        held.setdefault(DISTANCE, file[f"{metres}/distance"][()])
    found = [probe for probe in CXI_PROBES if probe in file]
    positions = FilePositions(
        whole(file[name]),
        "m",
        Moves.PROBE,
        Order.XY,
        indexes=None if INDEXES not in held else np.asarray(held[INDEXES]),
        where=f"The positions of {path.name}",
    )
    probe = whole(file[found[0]]) if found else None
    return _with_facts(positions, probe, _Facts(held), path, options)


def _ptyr_probe(file: h5py.File, path: Path) -> Complex:
    """Return the first probe of a .ptyr as modes, shape (M, N, N)."""
    probes = file[PTYR_PROBES]
    for name in sorted(probes):
        if "data" in probes[name]:
            return probe_modes_of(whole(probes[name]["data"]), f"{path}: {PTYR_PROBES}/{name}")
    raise ValueError(
        f"{path} has no probe under {PTYR_PROBES}/<ID>/data. Name a .ptyr of PtyPy as "
        f"--product.file, or leave it out."
    )
