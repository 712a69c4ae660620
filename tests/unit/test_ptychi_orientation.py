"""A scan that is stated wrongly is found before the solver runs; a right one never is."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.core.scan_file import read_scan
from tasks.core.stages import StageFiles, silent
from tasks.reconstruct.orientation_check import STATED, TURNS, check_orientation
from tasks.simulate.params import InstrumentParams, SimulationParams
from tasks.simulate.stage import simulate


def scan_of(folder, photons, instrument=None, seed=11):
    params = SimulationParams(
        photons_per_pattern=photons,
        train_positions=(2, 2),
        test_positions=(9, 9),
        min_test_span_px=0,
        instrument=instrument or InstrumentParams(),
        seed=seed,
    )
    names = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
    files = StageFiles({}, {name: folder / file for name, file in names.items()})
    simulate(params, files, silent)
    return read_scan(folder / "test.cxi")


@pytest.fixture(scope="module", params=[1e3, 1e4, 1e5])
def scan(request, tmp_path_factory):
    return scan_of(tmp_path_factory.mktemp("scan"), request.param)


def with_positions(scan, turn):
    return replace(scan, positions_px=scan.positions_px @ np.array(turn, dtype=float).T)


def test_a_right_scan_passes_and_could_be_told_from_all_others(scan):
    facts = check_orientation(scan)
    assert facts["is_distinguished"]
    assert min(facts["deviance_per_px"], key=facts["deviance_per_px"].get) == STATED


@pytest.mark.parametrize("variant", [name for name in TURNS if name != STATED])
def test_turned_positions_are_refused_with_the_way_back(scan, variant):
    turn = np.linalg.inv(np.array(TURNS[variant][0]))
    with pytest.raises(ValueError, match=f"fits better with {variant}:") as caught:
        check_orientation(with_positions(scan, turn))
    assert TURNS[variant][1] in str(caught.value)


def test_transposed_patterns_are_as_swapped_positions(scan):
    transposed = replace(scan, diffraction_counts=scan.diffraction_counts.transpose(0, 2, 1))
    with pytest.raises(ValueError, match=r"y and x swapped.*or turn the patterns likewise"):
        check_orientation(transposed)


def test_zero_frequency_in_the_corner_is_refused(scan):
    shifted = np.fft.fftshift(scan.diffraction_counts, axes=(-2, -1))
    with pytest.raises(ValueError, match=r"zero frequency in the corner.*fftshift"):
        check_orientation(replace(scan, diffraction_counts=shifted))


@pytest.mark.parametrize("rounded", [True, False])
def test_amplitudes_in_the_place_of_counts_are_refused(scan, rounded):
    roots = np.sqrt(scan.diffraction_counts)
    roots = np.rint(roots).astype(np.uint16) if rounded else roots
    with pytest.raises(ValueError, match=r"look like amplitudes, not counts.*Square them"):
        check_orientation(replace(scan, diffraction_counts=roots))


@pytest.mark.parametrize(
    "fault",
    [
        {"readout_noise_photons": 1.0},
        {"background_photons_per_px": 0.3},
        {"beam_stop_radius_px": 4.0},
        {"hot_pixel_fraction": 0.02, "dead_pixel_fraction": 0.02},
        {"n_modes": 3, "mode_decay": 0.4},
        {"point_spread_px": 0.7},
        {"position_error_px": 1.0, "position_error_known": False},
    ],
)
def test_a_faulty_instrument_is_no_wrong_orientation(tmp_path, fault):
    check_orientation(scan_of(tmp_path, 1e4, InstrumentParams(**fault)))


def test_too_few_patterns_cannot_tell(scan):
    few = replace(
        scan,
        positions_px=scan.positions_px[:8],
        diffraction_counts=scan.diffraction_counts[:8],
    )
    assert check_orientation(few) == {"n_patterns": 8, "is_distinguished": False}
