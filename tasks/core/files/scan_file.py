"""A scan in CXI (HDF5), so that other programs open it: all but its patterns, and writing them.

Layout and units after Maia, Nature Methods 9, 854 (2012) and the CXI file format 1.6: energies
in joules, lengths in metres, and `translation` that of the *sample*: where the sample moves
by +x, the probe moves over it by -x. Positions in object pixels are made here alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import orjson
from numpy.typing import DTypeLike, NDArray

from tasks.core.files.atomic_files import atomic_path, open_hdf5
from tasks.core.files.scan_record import (
    DETECTOR_PIXEL_WINDOW_M,
    DISTANCE_WINDOW_M,
    ELECTRONVOLT_J,
    Geometry,
    Scan,
    ScanHeader,
    energy_window_ev,
)
from tasks.core.physics.probe import coherent_probe

PATTERNS_PER_CHUNK = 16
DETECTOR = "entry_1/instrument_1/detector_1"
COUNTS = f"{DETECTOR}/data"
TRANSLATION = "entry_1/sample_1/geometry_1/translation"
SOURCE = "entry_1/instrument_1/source_1"
PLACEHOLDER = "geometry_is_placeholder"
PROVENANCE = "entry_1/process_1/provenance"
_ENERGY_UNITS_J = {"J": 1.0, "eV": ELECTRONVOLT_J, "keV": 1e3 * ELECTRONVOLT_J}


class ScanWriter:
    """An open CXI file that patterns are appended to, in 16 bits until a count needs 32.

    Attributes:
        provenance: How the scan came to be, as JSON; written last, so that what is measured on the
            way can be added.
    """

    def __init__(self, file: h5py.File, header: ScanHeader, dtype: DTypeLike = np.uint16) -> None:
        self.provenance: dict[str, Any] = dict(header.provenance)
        self._file, self._shape = file, (len(header), header.n_px, header.n_px)
        self._written = 0
        _write_header(file, header)
        self._counts = self._create(COUNTS, dtype)

    @classmethod
    @contextmanager
    def open(
        cls, path: Path, header: ScanHeader, dtype: DTypeLike = np.uint16
    ) -> Iterator["ScanWriter"]:
        """Yield a writer; the file takes its name if the block ends well.

        ValueError if it was given fewer patterns than there are positions.
        """
        with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
            writer = cls(file, header, dtype)
            yield writer
            writer.finish()

    def append(self, counts: NDArray[Any]) -> None:
        """Append patterns [photons / px], (any, N, N); refuse too many, or more than 32 bits."""
        stop = self._written + len(counts)
        if counts.shape[1:] != self._shape[1:] or stop > self._shape[0]:
            raise ValueError(
                f"Expected at most {self._shape[0] - self._written} more patterns of "
                f"{self._shape[1]} x {self._shape[2]} px, got an array of shape {counts.shape}. "
                f"Give one pattern for each position, of the probe's size."
            )
        if self._counts.dtype == np.uint16 and counts.max(initial=0) > np.iinfo(np.uint16).max:
            self._widen()
        self._counts[self._written : stop] = counts.astype(self._counts.dtype, copy=False)
        self._written = stop

    def finish(self) -> None:
        """Add what belongs after the patterns; called by `open`."""
        if self._written != self._shape[0]:
            raise ValueError(
                f"Expected {self._shape[0]} patterns, one for each position, got "
                f"{self._written}. Append all of them before the file is closed."
            )
        self._file[f"{DETECTOR}/translation"] = h5py.SoftLink(f"/{TRANSLATION}")
        data = self._file.create_group("entry_1/data_1")
        data["data"] = h5py.SoftLink(f"/{COUNTS}")
        data["translation"] = h5py.SoftLink(f"/{TRANSLATION}")
        self._file[PROVENANCE] = orjson.dumps(self.provenance, option=orjson.OPT_SORT_KEYS).decode()

    def _create(self, name: str, dtype: DTypeLike) -> h5py.Dataset:
        return self._file.create_dataset(
            name,
            shape=self._shape,
            dtype=dtype,
            chunks=(min(PATTERNS_PER_CHUNK, self._shape[0]), *self._shape[1:]),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )

    def _widen(self) -> None:
        """Move what is written into a dataset of 32 bits."""
        narrow = f"{DETECTOR}/narrow"
        self._file.move(COUNTS, narrow)
        self._counts = self._create(COUNTS, np.uint32)
        for start in range(0, self._written, PATTERNS_PER_CHUNK):
            part = slice(start, min(start + PATTERNS_PER_CHUNK, self._written))
            self._counts[part] = self._file[narrow][part]
        del self._file[narrow]


def write_scan(path: Path, scan: Scan) -> None:
    """Write a scan, compressed without loss in chunks of patterns, whole or not at all."""
    counts = scan.diffraction_counts
    with ScanWriter.open(path, scan.header, counts.dtype) as writer:
        for start in range(0, len(counts), PATTERNS_PER_CHUNK):
            writer.append(counts[start : start + PATTERNS_PER_CHUNK])


def _write_header(file: h5py.File, header: ScanHeader) -> None:
    """Write all that is known before the first pattern."""
    geometry, n_px = header.geometry, header.n_px
    pixel_m = geometry.detector_pixel_m
    file["cxi_version"] = 160
    file["entry_1/definition"] = "ptychography, far field"
    source = file.create_group(SOURCE)
    source["energy"] = geometry.energy_ev * ELECTRONVOLT_J
    source["energy"].attrs["units"] = "J"
    source["wavelength"] = geometry.wavelength_m
    source["illumination"] = header.probe if header.modes is None else header.modes
    detector = file.create_group(DETECTOR)
    if not geometry.is_known:
        detector.attrs[PLACEHOLDER] = True
    detector["distance"] = geometry.distance_m
    detector["x_pixel_size"] = pixel_m
    detector["y_pixel_size"] = pixel_m
    # Rows go along +y and columns along +x, on the detector as in the translations: a reader that
    # takes another sign for one of them finds the conjugate object, turned around.
    half_m = n_px / 2 * pixel_m
    detector["corner_position"] = np.array([-half_m, -half_m, geometry.distance_m])
    detector["basis_vectors"] = pixel_m * np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    mask = header.pixel_mask
    detector["mask"] = np.zeros((n_px, n_px), np.uint32) if mask is None else mask
    translation = np.zeros((len(header), 3))
    translation[:, :2] = -header.positions_px[:, ::-1] * geometry.object_pixel_m(n_px)
    file[TRANSLATION] = translation
    file[TRANSLATION].attrs["units"] = "m"


def read_scan_header(path: Path) -> ScanHeader:
    """Read all of a scan but its patterns.

    Raises:
        ValueError: If the file is damaged or lacks a field, the energy is not that of photons, a
            length, a position or the probe is not finite, or patterns and positions are not as
            many.
    """
    with open_hdf5(path) as file:
        shape = _field(path, file, COUNTS, "diffraction patterns").shape
        geometry = _read_geometry(path, file)
        translation = _finite_field(path, file, TRANSLATION, "translations")
        if len(shape) != 3 or translation.shape != (shape[0], 3):
            raise ValueError(
                f"{path} must hold patterns (J, N, N) and as many translations (J, 3), got "
                f"{shape} and {translation.shape}. Write one translation for each pattern."
            )
        light = _finite_field(path, file, f"{SOURCE}/illumination", "illumination")
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
    least, most = energy_window_ev(str(units))
    if not least <= energy_ev <= most:
        raise ValueError(
            f"{path} has a photon energy of {energy[()]:.6g} {units}, expected {least:g} eV to "
            f"200 keV in J, eV or keV. Write the photons' energy, not the machine's, into "
            f"{SOURCE}/energy, with its unit in the attribute `units`."
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


def _finite_field(path: Path, file: h5py.File, name: str, meaning: str) -> NDArray[Any]:
    """Return the values of a dataset; refuse them where one is not finite."""
    values: NDArray[Any] = _field(path, file, name, meaning)[()]
    if not np.isfinite(values).all():
        raise ValueError(
            f"{path} has values in {name} that are not finite. Repair them or leave those "
            f"exposures out."
        )
    return values
