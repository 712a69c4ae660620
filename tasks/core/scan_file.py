"""Measured scans on disk: CXI (HDF5), so that other programs open them.

Layout and units after Maia, Nature Methods 9, 854 (2012) and the CXI file format 1.6: energies
in joules, lengths in metres, and `translation` that of the *sample*: where the sample moves
by +x, the probe moves over it by -x. Positions in object pixels are made here and only here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import orjson
from numpy.typing import NDArray

from tasks.core.files import atomic_path, open_hdf5

PLANCK_J_S = 6.62607015e-34
LIGHT_SPEED_M_PER_S = 299792458.0
ELECTRONVOLT_J = 1.602176634e-19
PATTERNS_PER_CHUNK = 16
_COUNTS = "entry_1/instrument_1/detector_1/data"
_TRANSLATION = "entry_1/sample_1/geometry_1/translation"


@dataclass(frozen=True)
class Geometry:
    """Far-field geometry of the instrument.

    Attributes:
        energy_ev: Photon energy [eV].
        distance_m: From the sample to the detector [m].
        detector_pixel_m: Side of a detector pixel [m].
    """

    energy_ev: float
    distance_m: float
    detector_pixel_m: float

    @property
    def wavelength_m(self) -> float:
        """Wavelength [m]."""
        return PLANCK_J_S * LIGHT_SPEED_M_PER_S / (self.energy_ev * ELECTRONVOLT_J)

    def object_pixel_m(self, n_px: int) -> float:
        """Return the side of an object pixel [m] for patterns of n_px x n_px."""
        return self.wavelength_m * self.distance_m / (n_px * self.detector_pixel_m)


@dataclass(frozen=True)
class Scan:
    """A measured scan, as every reconstructor gets it. It holds no ground truth.

    Attributes:
        diffraction_counts: Photons per detector pixel, unsigned integers, zero frequency at
            [N // 2, N // 2], shape (J, N, N).
        positions_px: Absolute positions (y, x) in the frame of the object [px], shape (J, 2).
        probe: Illumination at the sample [sqrt(photons)], shape (N, N).
        geometry: Energy, distance and detector pixel.
        provenance: How the scan came to be, as JSON.
    """

    diffraction_counts: NDArray[np.unsignedinteger]
    positions_px: NDArray[np.float64]
    probe: NDArray[np.complex128]
    geometry: Geometry
    provenance: dict[str, Any]

    @property
    def n_px(self) -> int:
        """Side of a pattern [px]."""
        return int(self.probe.shape[-1])

    def __len__(self) -> int:
        """Return the number of patterns."""
        return len(self.positions_px)


def write_scan(path: Path, scan: Scan) -> None:
    """Write a scan as CXI, compressed without loss in chunks of patterns, whole or not at all."""
    n_px = scan.n_px
    translation = np.zeros((len(scan), 3))
    translation[:, :2] = -scan.positions_px[:, ::-1] * scan.geometry.object_pixel_m(n_px)
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file["cxi_version"] = 160
        entry = file.create_group("entry_1")
        entry["definition"] = "ptychography, far field"
        source = entry.create_group("instrument_1/source_1")
        source["energy"] = scan.geometry.energy_ev * ELECTRONVOLT_J
        source["energy"].attrs["units"] = "J"
        source["wavelength"] = scan.geometry.wavelength_m
        source["illumination"] = scan.probe
        detector = entry.create_group("instrument_1/detector_1")
        detector.create_dataset(
            "data",
            data=scan.diffraction_counts,
            chunks=(min(PATTERNS_PER_CHUNK, len(scan)), n_px, n_px),
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )
        detector["distance"] = scan.geometry.distance_m
        detector["x_pixel_size"] = scan.geometry.detector_pixel_m
        detector["y_pixel_size"] = scan.geometry.detector_pixel_m
        # Rows go along +y and columns along +x, on the detector as in the translations: a reader
        # that takes another sign for one of them finds the conjugate object, turned around.
        half_m = n_px / 2 * scan.geometry.detector_pixel_m
        detector["corner_position"] = np.array([-half_m, -half_m, scan.geometry.distance_m])
        detector["basis_vectors"] = scan.geometry.detector_pixel_m * np.array(
            [[0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
        )
        detector["mask"] = np.zeros((n_px, n_px), dtype=np.uint32)
        file[_TRANSLATION] = translation
        file[_TRANSLATION].attrs["units"] = "m"
        detector["translation"] = h5py.SoftLink(f"/{_TRANSLATION}")
        data = entry.create_group("data_1")
        data["data"] = h5py.SoftLink(f"/{_COUNTS}")
        data["translation"] = h5py.SoftLink(f"/{_TRANSLATION}")
        entry["process_1/provenance"] = orjson.dumps(
            scan.provenance, option=orjson.OPT_SORT_KEYS
        ).decode()


def read_scan(path: Path) -> Scan:
    """Read a scan.

    Args:
        path: CXI file.

    Returns:
        The scan, positions in object pixels.

    Raises:
        ValueError: If the file is missing, cut short or lacks a field.
    """
    with open_hdf5(path) as file:
        entry = file["entry_1"]
        detector = entry["instrument_1/detector_1"]
        geometry = Geometry(
            energy_ev=float(entry["instrument_1/source_1/energy"][()]) / ELECTRONVOLT_J,
            distance_m=float(detector["distance"][()]),
            detector_pixel_m=float(detector["x_pixel_size"][()]),
        )
        counts, translation = file[_COUNTS], file[_TRANSLATION][()]
        positions = -translation[:, 1::-1] / geometry.object_pixel_m(counts.shape[-1])
        return Scan(
            diffraction_counts=counts[()],
            positions_px=positions,
            probe=entry["instrument_1/source_1/illumination"][()],
            geometry=geometry,
            provenance=orjson.loads(entry["process_1/provenance"][()]),
        )
