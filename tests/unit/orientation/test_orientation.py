"""The orientation check finds every planted fault, and leaves good scans alone."""

import re
import sys
from dataclasses import replace

import numpy as np
import pytest

from tasks.core.files.atomic_files import write_json
from tasks.core.files.scan_file import write_scan
from tasks.core.files.scan_reader import read_scan
from tasks.core.study.stage_record import StageFiles, silent
from tasks.orientation.check import check_orientation
from tasks.reconstruct.params import PtyChiParams
from tasks.reconstruct.ptychi_stage import iterate
from tasks.simulate.params import InstrumentParams, ProbeParams, SimulationParams
from tasks.simulate.stage import simulate


def simulated(folder, photons, **instrument):
    """Return a scan of 8 x 8 patterns of 32 px."""
    names = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
    params = SimulationParams(
        photons_per_pattern=photons,
        probe=ProbeParams(n_px=32, defocus_rad=4.0),
        train_positions=(2, 2),
        test_positions=(8, 8),
        min_test_span_px=0,
        instrument=InstrumentParams(**instrument),
        seed=7,
    )
    simulate(params, StageFiles({}, {key: folder / name for key, name in names.items()}), silent)
    return read_scan(folder / "test.cxi")


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    return simulated(tmp_path_factory.mktemp("oriented"), 1e4)


def turned(scan, matrix):
    return replace(scan, positions_px=scan.positions_px @ np.array(matrix).T)


def recounted(scan, function):
    return replace(scan, diffraction_counts=function(scan.diffraction_counts))


FAULTS = {
    "swapped": (
        lambda scan: turned(scan, [[0, 1], [1, 0]]),
        "fits better with y and x swapped",
        "swap the columns of positions_px",
    ),
    "y": (
        lambda scan: turned(scan, [[-1, 0], [0, 1]]),
        "fits better with y negated",
        "negate positions_px[:, 0]",
    ),
    "x": (
        lambda scan: turned(scan, [[1, 0], [0, -1]]),
        "fits better with x negated",
        "negate positions_px[:, 1]",
    ),
    "both": (
        lambda scan: turned(scan, [[-1, 0], [0, -1]]),
        "fits better with y and x negated",
        "or conjugate the probe",
    ),
    "turned": (
        lambda scan: turned(scan, [[0, 1], [-1, 0]]),
        "fits better with a quarter turn back",
        "swap the columns of positions_px and negate the first",
    ),
    "transposed": (
        lambda scan: recounted(scan, lambda counts: counts.swapaxes(1, 2)),
        "fits better with y and x swapped",
        "or transpose every pattern",
    ),
    "flipped": (
        lambda scan: recounted(scan, lambda counts: np.roll(counts[:, ::-1], 1, axis=1)),
        "fits better with y negated",
        "or flip every pattern along y",
    ),
    "conjugated": (
        lambda scan: replace(scan, probe=scan.probe.conj()),
        "fits better with y and x negated",
        "or conjugate the probe",
    ),
    "corner": (
        lambda scan: recounted(scan, lambda counts: np.fft.ifftshift(counts, axes=(1, 2))),
        "fits better with zero frequency in the corner",
        "by numpy.fft.fftshift",
    ),
    "amplitudes": (
        lambda scan: recounted(scan, lambda counts: np.rint(np.sqrt(counts)).astype(np.uint16)),
        "look like amplitudes",
        "give the counts, squares of the amplitudes",
    ),
    "fractional amplitudes": (
        lambda scan: recounted(scan, np.sqrt),
        "look like amplitudes",
        "give the counts, squares of the amplitudes",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_refused_with_its_name_and_cure(scan, fault):
    plant, found, cure = FAULTS[fault]
    with pytest.raises(ValueError, match=f"{re.escape(found)}.*{re.escape(cure)}"):
        check_orientation(plant(scan))


def test_a_good_scan_passes_and_its_margin_is_told(scan):
    facts = check_orientation(scan)
    assert facts["verdict"] == "as stated"
    assert facts["misfit_ratio"] > 1.03


@pytest.mark.parametrize(
    "instrument",
    [
        {"readout_noise_photons": 1.0},
        {"background_photons_per_px": 0.5},
        {"beam_stop_radius_px": 3.0},
        {"hot_pixel_fraction": 0.02, "dead_pixel_fraction": 0.02},
        {"point_spread_px": 0.7},
        {"position_error_px": 1.0},
        {"n_modes": 3, "mode_decay": 0.4},
    ],
)
@pytest.mark.parametrize("photons", [1e3, 1e5])
def test_faults_of_the_instrument_are_no_wrong_orientation(tmp_path, instrument, photons):
    facts = check_orientation(simulated(tmp_path, photons, **instrument))
    assert facts["verdict"] in ("as stated", "undecided")


def test_a_sample_without_content_leaves_it_undecided(scan):
    flat = np.abs(np.fft.fftshift(np.fft.fft2(scan.probe, norm="ortho"))) ** 2
    rng = np.random.default_rng(1)
    counts = rng.poisson(np.broadcast_to(flat, scan.diffraction_counts.shape)).astype(np.uint16)
    assert check_orientation(replace(scan, diffraction_counts=counts))["verdict"] == "undecided"


@pytest.mark.parametrize("n_patterns", [5, 9, 15])
def test_a_handful_of_patterns_leaves_it_undecided(scan, n_patterns):
    few = replace(
        scan,
        diffraction_counts=scan.diffraction_counts[:n_patterns],
        positions_px=scan.positions_px[:n_patterns],
    )
    assert check_orientation(few)["reason"] == "too few patterns"


def test_a_turned_scan_is_refused_before_torch_is_loaded_and_leaves_no_file(scan, tmp_path):
    write_scan(tmp_path / "scan.cxi", FAULTS["swapped"][0](scan))
    view = {"view": "dense", "n_exposures": 64, "indices": [*range(64)]}
    write_json(tmp_path / "view.json", view)
    inputs = {"scan": tmp_path / "scan.cxi", "view": tmp_path / "view.json"}
    names = ("reconstruction", "iterates", "history", "options")
    files = StageFiles(inputs, {name: tmp_path / name for name in names})
    loaded = "torch" in sys.modules
    with pytest.raises(ValueError, match="swap the columns of positions_px"):
        iterate(PtyChiParams(), files, silent)
    assert ("torch" in sys.modules) == loaded
    assert not any(path.exists() for path in files.outputs.values())
