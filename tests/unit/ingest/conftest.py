"""One simulated scan, written in the published layout of every format that is imported."""

import bz2
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import read_scan
from tasks.core.files.scan_record import ELECTRONVOLT_J
from tasks.ingest.params import IngestParams
from tasks.ingest.preparation import prepare
from tasks.ingest.resolved_scan import open_scan

MEASURED = Path(__file__).parents[4] / "shared" / "data"
STAR, NEAR_FIELD = "siemens-star-small.npz.bz2", "near_field_p25.cxi"


@pytest.fixture(scope="session")
def scan(wide_scan):
    """100 patterns of 32 px; the grid is written as a raster of 10 x 10 too."""
    return read_scan(wide_scan / "train.cxi")


@pytest.fixture
def measured():
    """Return the path of a measured file, where it is at hand."""

    def find(name):
        path = MEASURED / name
        if not path.is_file():
            pytest.skip(f"the measured file {name} is not at hand: there is no {path}")
        return path

    return find


@pytest.fixture
def prepared():
    """Open and prepare a file with some options."""

    def make(path, **options):
        params = IngestParams.model_validate({"file": path, **options})
        return prepare(open_scan(path, params), params)

    return make


def metres(scan):
    return scan.positions_px * scan.geometry.object_pixel_m(scan.n_px)


def write_own_cxi(folder, scan):
    write_scan(folder / "own.cxi", scan)
    return folder / "own.cxi", {}


def write_foreign_cxi(folder, scan, basis=None, energy=None):
    """CXI 1.6 of another program: no provenance, rows going down the other way if asked."""
    path, geometry = folder / "foreign.cxi", scan.geometry
    translation = np.zeros((len(scan), 3))
    signs = (1.0, 1.0) if basis is None else (basis[0][1], basis[1][0])
    translation[:, 1], translation[:, 0] = -metres(scan).T * np.array(signs)[:, None]
    with h5py.File(path, "w") as file:
        file["cxi_version"] = 160
        detector = file.create_group("entry_1/instrument_1/detector_1")
        detector["data"] = scan.diffraction_counts
        detector["distance"] = geometry.distance_m
        detector["x_pixel_size"] = detector["y_pixel_size"] = geometry.detector_pixel_m
        detector["mask"] = np.full((scan.n_px, scan.n_px), 0x1000, np.uint32)
        if basis is not None:
            detector["basis_vectors"] = geometry.detector_pixel_m * np.array(basis, float).T
        joules = geometry.energy_ev * ELECTRONVOLT_J if energy is None else energy
        file["entry_1/instrument_1/source_1/energy"] = joules
        file["entry_1/instrument_1/source_1/illumination"] = 3 * scan.probe
        file["entry_1/sample_1/geometry_1/translation"] = translation
        file["entry_1/data_1/data"] = h5py.SoftLink("/entry_1/instrument_1/detector_1/data")
    return path, {}


def write_turned_cxi(folder, scan):
    return write_foreign_cxi(folder, scan, basis=((0, -1, 0), (-1, 0, 0)))


def write_ptyd(folder, scan):
    """PtyPy: frames in two chunks, keV, metres (y, x), weights where good."""
    path, middle = folder / "scan.ptyd", 60
    with h5py.File(path, "w") as file:
        file["meta/energy"] = scan.geometry.energy_ev / 1e3
        file["meta/distance"] = scan.geometry.distance_m
        file["meta/psize"] = [scan.geometry.detector_pixel_m] * 2
        for number, part in enumerate((slice(0, middle), slice(middle, None))):
            counts = scan.diffraction_counts[part]
            file[f"chunks/{number}/data"] = counts
            file[f"chunks/{number}/positions"] = metres(scan)[part]
            file[f"chunks/{number}/weights"] = np.ones(counts.shape, dtype=np.float32)
    with h5py.File(folder / "scan.ptyr", "w") as file:
        file["content/probe/Sscan_00G00/data"] = scan.probe[None].astype(np.complex64)
    return path, {"product": {"file": folder / "scan.ptyr"}}


def write_nexus(folder, scan):
    """NXcxi_ptycho: a raster of four axes, motors with units and a vector, the machine's energy."""
    path = folder / "scan.nxs"
    grid = (10, 10)
    with h5py.File(path, "w") as file:
        file["entry_1/definition"] = "NXcxi_ptycho"
        detector = file.create_group("entry_1/instrument_1/detector_1")
        detector["data"] = scan.diffraction_counts.reshape(*grid, scan.n_px, scan.n_px)
        for name, value, units in (
            ("distance", scan.geometry.distance_m * 1e3, "mm"),
            ("x_pixel_size", scan.geometry.detector_pixel_m * 1e6, "um"),
            ("y_pixel_size", scan.geometry.detector_pixel_m * 1e6, "um"),
        ):
            detector[name] = value
            detector[name].attrs["units"] = units
        file["entry_1/instrument_1/source_1/energy"] = 3.0
        file["entry_1/instrument_1/source_1/energy"].attrs["units"] = "GeV"
        beam = file.create_dataset(
            "entry_1/instrument_1/beam_1/incident_beam_energy", data=scan.geometry.energy_ev / 1e3
        )
        beam.attrs["units"] = "keV"
        # The motor along x points the other way.
        for axis, name, sign in ((0, "y", 1.0), (1, "x", -1.0)):
            motor = file.create_dataset(
                f"entry_1/sample_1/transformations/{name}",
                data=(-metres(scan)[:, axis] * sign * 1e6).reshape(grid),
            )
            motor.attrs["units"] = "um"
            motor.attrs["vector"] = [sign if name == "x" else 0, sign if name == "y" else 0, 0]
    return path, {}


def write_product(path, scan, order):
    """A Ptychodus product, its positions in another order than the patterns."""
    with h5py.File(path, "w") as file:
        file.attrs["probe_energy_eV"] = scan.geometry.energy_ev
        file.attrs["detector_object_distance_m"] = scan.geometry.distance_m
        write_product_arrays(file, scan, order)


def write_product_arrays(file, scan, order):
    pixel = scan.geometry.object_pixel_m(scan.n_px)
    y, x = metres(scan)[order].T
    file["probe_position_x_m"], file["probe_position_y_m"] = x, y
    file["probe_position_indexes"] = order
    file["probe"] = scan.probe[None, None].astype(np.complex64)
    file["object"] = np.ones((1, 90, 90), dtype=np.complex64)
    for name in ("probe", "object"):
        file[name].attrs["pixel_width_m"] = file[name].attrs["pixel_height_m"] = pixel


def write_ptychodus(folder, scan):
    path = folder / "diffraction.h5"
    with h5py.File(path, "w") as file:
        file["patterns"] = scan.diffraction_counts
        pixel = scan.geometry.detector_pixel_m
        for side in ("height", "width"):
            file["patterns"].attrs[f"detector_pixel_{side}_m"] = pixel
        file["indexes"] = np.arange(len(scan))
        file["bad_pixels"] = np.zeros((scan.n_px, scan.n_px), dtype=bool)
    order = np.random.default_rng(5).permutation(len(scan))
    write_product(folder / "product.h5", scan, order)
    return path, {"product": {"file": folder / "product.h5"}}


def write_ptychi(folder, scan):
    path = folder / "ptychi.h5"
    with h5py.File(path, "w") as file:
        file["dp"] = scan.diffraction_counts.astype(np.float32)
        write_product_arrays(file, scan, np.arange(len(scan)))
    return path, {"geometry_unknown": True}


def ptychopinn_arrays(scan):
    amplitude = np.sqrt(scan.diffraction_counts.astype(np.float64))
    y, x = scan.positions_px.T
    return {
        "diffraction": (amplitude / amplitude.max()).astype(np.float32),
        "xcoords": x,
        "ycoords": y,
        "xcoords_start": x,
        "ycoords_start": y,
        "probeGuess": scan.probe.astype(np.complex64),
        "objectGuess": np.ones((90, 90), dtype=np.complex64),
    }


def write_ptychopinn(folder, scan):
    np.savez(folder / "pinn.npz", **ptychopinn_arrays(scan))
    return folder / "pinn.npz", {"geometry_unknown": True}


def write_old_ptychopinn(folder, scan):
    """An intensity, the scan index last."""
    arrays = ptychopinn_arrays(scan)
    del arrays["diffraction"]
    arrays["diff3d"] = np.moveaxis(scan.diffraction_counts, 0, -1)
    np.savez(folder / "old.npz", **arrays)
    return folder / "old.npz", {"geometry_unknown": True}


LAYOUT = {
    "patterns": {"array": "data", "values": "intensity", "zero_frequency": "corner"},
    "positions": {"array": "scan", "unit": "nm", "order": "xy", "moves": "sample"},
    "mask": {"array": "bad", "sense": "zero_is_good"},
    "probe": {"array": "probe"},
}


def write_arrays(folder, scan):
    """Arrays as another program holds them, packed by bz2: corner, nm, (x, y), of the sample."""
    geometry = scan.geometry
    layout = LAYOUT | {
        "geometry": {
            "energy_ev": geometry.energy_ev,
            "distance_m": geometry.distance_m,
            "detector_pixel_m": geometry.detector_pixel_m,
        }
    }
    (folder / "layout.yaml").write_text(yaml.safe_dump(layout))
    np.savez(
        folder / "arrays.npz",
        data=np.fft.ifftshift(scan.diffraction_counts, axes=(1, 2))[None].astype(np.float32),
        scan=-metres(scan)[None, :, ::-1] * 1e9,
        probe=scan.probe[None, None, None],
        bad=np.zeros((scan.n_px, scan.n_px), dtype=np.uint8),
    )
    packed = folder / "arrays.npz.bz2"
    packed.write_bytes(bz2.compress((folder / "arrays.npz").read_bytes(), 1))
    return packed, {"layout": {"file": folder / "layout.yaml"}}


WRITERS = {
    "own cxi": write_own_cxi,
    "cxi": write_foreign_cxi,
    "cxi with basis vectors": write_turned_cxi,
    "ptyd": write_ptyd,
    "nexus": write_nexus,
    "ptychodus": write_ptychodus,
    "ptychi": write_ptychi,
    "ptychopinn": write_ptychopinn,
    "old ptychopinn": write_old_ptychopinn,
    "arrays": write_arrays,
}


@pytest.fixture
def written(tmp_path, scan):
    """Write the scan in a format; return the file and the options that it needs."""

    def write(name, **changes):
        return WRITERS[name](tmp_path, scan, **changes)

    return write


@pytest.fixture
def layouts():
    """The names of all layouts that the scan is written in."""
    return tuple(WRITERS)
