"""Scans that other programs have written themselves come back as they were planted.

pip puts their wheels into temporary folders, and child processes write with them.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks.ingest.params import IngestParams
from tasks.ingest.resolved_scan import open_scan

PACKAGES = {
    "cdtools": ("cdtools-py==0.3.2",),
    "ptychodus": ("ptychodus==1.7.0",),
    "nexus": ("nexusformat==2.1.0", "colored==2.3.2", "chardet==7.7.0", "lxml==6.1.3"),
    "ptylab": ("ptylab==0.3.7",),
    "ptyrad": ("ptyrad==1.0.0",),
}
ENERGY_EV, DISTANCE_M, PIXEL_M = 8800.0, 1.92, 75e-6
WAVELENGTH_M = 1.23984198e-6 / ENERGY_EV
CHILD = Path(__file__).with_name("writers_child.py")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def planted():
    """A scan whose light, positions and mask have no symmetry."""
    rng, n_px, count = np.random.default_rng(9), 32, 14
    y, x = np.indices((n_px, n_px))
    light = 50 * np.exp(-((y - 14) ** 2) / 60 - (x - 18) ** 2 / 30)
    bad = np.zeros((n_px, n_px), dtype=bool)
    bad[3, 5] = bad[20:22] = True
    modes = rng.standard_normal((2, 2, n_px, n_px))
    return {
        "patterns": rng.poisson(light, (count, n_px, n_px)).astype(np.uint16),
        "positions_m": rng.uniform(-1e-6, 1e-6, (count, 2)),
        "order": rng.permutation(count),
        "bad": bad,
        "dark": rng.uniform(0, 2, (n_px, n_px)).round(),
        "probe": (modes[0] + 1j * modes[1]) * np.array([3, 1])[:, None, None],
        "energy_ev": ENERGY_EV,
        "wavelength_m": WAVELENGTH_M,
        "distance_m": DISTANCE_M,
        "pixel_m": PIXEL_M,
    }


@pytest.fixture(scope="module")
def written_by(installed, planted, tmp_path_factory):
    """Return the folder that a program has written the scan to."""
    folders = {}

    def write(program):
        if program not in folders:
            folder = tmp_path_factory.mktemp(program)
            np.savez(folder / "planted.npz", **planted)
            words = [program, folder / "planted.npz", folder]
            done = subprocess.run(
                [sys.executable, str(CHILD), *map(str, words)],
                env=os.environ | {"PYTHONPATH": str(installed(*PACKAGES[program]))},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr[-2000:]
            folders[program] = folder
        return folders[program]

    return write


def opened(path, **options):
    return open_scan(path, IngestParams.model_validate({"file": path, **options}))


def assert_positions(scan, expected_px):
    """The same places over the object, but for where they are counted from."""
    found = scan.positions_px(scan.stored_px)
    np.testing.assert_allclose(found - found[0], expected_px - expected_px[0], atol=1e-3)


def assert_planted(scan, planted, *, energy=ENERGY_EV):
    np.testing.assert_array_equal(scan.patterns.read(0, len(scan)), planted["patterns"])
    pixel_m = WAVELENGTH_M * DISTANCE_M / (PIXEL_M * 32)
    assert_positions(scan, planted["positions_m"] / pixel_m)
    assert scan.geometry.energy_ev == pytest.approx(energy, rel=1e-6)
    assert scan.geometry.distance_m == pytest.approx(DISTANCE_M, rel=1e-6)
    assert scan.geometry.detector_pixel_m == pytest.approx(PIXEL_M, rel=1e-6)


def test_a_cxi_of_cdtools(written_by, planted):
    folder = written_by("cdtools")
    scan = opened(folder / "cdtools.cxi")
    np.testing.assert_array_equal(scan.patterns.read(0, len(scan)), planted["patterns"])
    np.testing.assert_array_equal(scan.good, ~planted["bad"])
    np.testing.assert_array_equal(scan.dark, planted["dark"])
    assert_positions(scan, np.load(folder / "cdtools.npy"))
    assert scan.geometry.energy_ev == pytest.approx(ENERGY_EV, rel=1e-5)
    assert scan.geometry.distance_m == pytest.approx(DISTANCE_M, rel=1e-6)
    assert scan.geometry.detector_pixel_m == pytest.approx(PIXEL_M, rel=1e-6)


@pytest.mark.parametrize("patterns", ["patterns.h5", "patterns.npz", "patterns.cxi", "dp.h5"])
@pytest.mark.parametrize("product", ["product.h5", "product.npz", "product.cxi"])
def test_patterns_and_products_of_ptychodus(written_by, planted, patterns, product):
    folder = written_by("ptychodus")
    scan = opened(folder / patterns, product={"file": folder / product})
    assert_planted(scan, planted)
    np.testing.assert_allclose(scan.probe_modes, planted["probe"], rtol=1e-6)
    if patterns != "dp.h5":  # which has patterns alone
        np.testing.assert_array_equal(scan.good, ~planted["bad"])


def test_an_archive_for_ptychopinn_of_ptychodus(written_by, planted):
    scan = opened(written_by("ptychodus") / "pinn.npz", geometry_unknown=True)
    order = planted["order"]
    good = ~planted["bad"]  # Ptychodus fills the others
    np.testing.assert_array_equal(scan.good, good)
    read = scan.patterns.read(0, len(scan))
    np.testing.assert_array_equal(read[:, good], planted["patterns"][order][:, good])
    pixel_m = WAVELENGTH_M * DISTANCE_M / (PIXEL_M * 32)
    assert_positions(scan, planted["positions_m"][order] / pixel_m)
    np.testing.assert_allclose(scan.probe_modes, planted["probe"], rtol=1e-6)


def test_a_nexus_file_of_nexusformat(written_by, planted):
    scan = opened(written_by("nexus") / "nexus.nxs")
    assert scan.format == "nexus"
    assert_planted(scan, planted)
    np.testing.assert_array_equal(scan.good, ~planted["bad"])


def test_a_simulation_of_ptylab(written_by):
    folder = written_by("ptylab")
    scan = opened(folder / "ptylab.hdf5")
    with np.load(folder / "ptylab.npz") as theirs:
        np.testing.assert_array_equal(scan.patterns.read(0, len(scan)), theirs["patterns"])
        found = scan.positions_px(scan.stored_px)
        # PtyLab rounds to whole pixels.
        away = found - found.mean(axis=0) - theirs["positions_px"]
        assert np.abs(away - away.mean(axis=0)).max() < 0.6
        assert scan.geometry.wavelength_m == pytest.approx(theirs["wavelength_m"], rel=1e-6)
        assert scan.geometry.distance_m == pytest.approx(theirs["distance_m"], rel=1e-6)
        assert scan.geometry.detector_pixel_m == pytest.approx(theirs["detector_pixel_m"])
        assert scan.object_pixel_m == pytest.approx(theirs["object_pixel_m"], rel=1e-6)


@pytest.mark.parametrize("name", ["meas.hdf5", "meas.npy", "meas.tif"])
def test_patterns_of_ptyrad(written_by, planted, tmp_path, name):
    """PtyRAD writes no positions: the layout takes them from a file in angstrom."""
    positions = {"unit": "m", "order": "yx", "moves": "probe", "file": tmp_path / "positions.npy"}
    np.save(positions["file"], planted["positions_m"])
    geometry = {"energy_ev": ENERGY_EV, "distance_m": DISTANCE_M, "detector_pixel_m": PIXEL_M}
    scan = opened(written_by("ptyrad") / name, positions=positions, **geometry)
    assert_planted(scan, planted)
