"""Where pty-chi starts, what it keeps on its way, and its other algorithms."""

from dataclasses import replace

import numpy as np
import pytest

from tasks.compare.gauge import fit_gauge, remove_gauge
from tasks.compare.region import scored_region
from tasks.core.files import read_json, write_json
from tasks.core.iterates_file import epochs_to_keep, read_iterates
from tasks.core.object_file import ObjectWindow, read_object, write_object
from tasks.core.scan_file import read_scan
from tasks.core.stages import StageFiles, silent
from tasks.reconstruct.params import PtyChiParams
from tasks.simulate.params import SimulationParams
from tasks.simulate.stage import simulate

PARAMS = PtyChiParams(n_epochs=16, batch_size=16, device="cpu")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("starts")
    params = SimulationParams(
        photons_per_pattern=1e5,
        train_positions=(2, 2),
        test_positions=(9, 9),
        min_test_span_px=0,
        seed=7,
    )
    names = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
    simulate(params, StageFiles({}, {name: where / file for name, file in names.items()}), silent)
    write_json(
        where / "view.json", {"view": "dense", "n_exposures": 81, "indices": list(range(81))}
    )
    return where


@pytest.fixture(scope="module")
def jobs(folder, run_ptychi):
    """Run all jobs of this module in one process."""
    truth = read_object(folder / "truth.h5")
    write_object(folder / "truth_start_initial.h5", truth)
    wanted = {
        "flat": PARAMS,
        "truth_start": PARAMS,
        "epie": PtyChiParams(n_epochs=16, algorithm="epie", device="cpu"),
        "autodiff": PtyChiParams(n_epochs=16, algorithm="autodiff", device="cpu"),
        "plain": PtyChiParams(n_epochs=16, plain=True, device="cpu"),
        "orders": PARAMS.model_copy(update={"n_orders": 3, "n_epochs": 4}),
    }
    run_ptychi(folder, *(f"{name}={params.model_dump_json()}" for name, params in wanted.items()))
    middle = dict(read_iterates(folder / "flat_iterates.h5"))[8]
    write_object(folder / "resumed_initial.h5", middle)
    eight = PARAMS.model_copy(update={"n_epochs": 8})
    run_ptychi(folder, f"resumed={eight.model_dump_json()}")
    return folder


def error_of(folder, window):
    scan = read_scan(folder / "test.cxi")
    region = scored_region(scan.header, 0.05, 4.0)
    place = region.box.corner_px, region.box.shape
    truth = read_object(folder / "truth.h5").cut(*place)
    image = window.cut(*place)
    gauge = fit_gauge(image, truth, region.weights, max_shift_px=2.0)
    aligned = remove_gauge(image, gauge, region.lit)
    return np.linalg.norm((aligned - truth)[region.mask]) / np.linalg.norm(truth[region.mask])


def final_error(folder, name):
    return error_of(folder, read_object(folder / f"{name}.h5"))


def test_the_objects_on_the_way_are_kept(jobs):
    kept = list(read_iterates(jobs / "flat_iterates.h5"))
    assert [epoch for epoch, _ in kept] == list(epochs_to_keep(16))
    final = read_object(jobs / "flat.h5")
    np.testing.assert_array_equal(kept[-1][1].object_, final.object_)
    assert kept[0][1].origin_px == final.origin_px
    assert np.ptp(np.abs(kept[0][1].object_)) < 1e-6, "the start is flat"
    errors = [error_of(jobs, window) for _, window in kept]
    assert errors[-1] < 0.5 * errors[0]


def test_from_the_truth_it_stays_near_the_truth(jobs):
    assert final_error(jobs, "truth_start") < 0.9 * final_error(jobs, "flat")
    start = next(read_iterates(jobs / "truth_start_iterates.h5"))[1]
    assert error_of(jobs, start) < 1e-5


def test_a_good_start_saves_epochs(jobs):
    after_eight = error_of(jobs, dict(read_iterates(jobs / "flat_iterates.h5"))[8])
    assert final_error(jobs, "resumed") < 0.9 * after_eight


@pytest.mark.parametrize("name", ["epie", "autodiff", "plain"])
def test_every_algorithm_beats_its_flat_start(jobs, name):
    start = error_of(jobs, next(read_iterates(jobs / f"{name}_iterates.h5"))[1])
    assert final_error(jobs, name) < 0.7 * start


def test_the_spread_between_orders_is_kept_and_the_first_is_reported(jobs):
    facts = read_object(jobs / "orders.h5").facts
    assert len(set(facts["seeds"])) == 3
    assert 0 < facts["spread_between_orders"] < 0.2
    assert facts["seeds"][0] == read_object(jobs / "flat.h5").facts["seeds"][0]
    assert read_object(jobs / "flat.h5").facts["spread_between_orders"] is None


def test_the_options_name_the_algorithm(jobs):
    names = {
        name: read_json(jobs / f"{name}.json")["reconstructor_options"] for name in ("epie", "flat")
    }
    assert names["epie"] != names["flat"]


@pytest.mark.parametrize(
    ("spoil", "cure"),
    [
        (lambda window: replace(window, object_=window.object_ * np.nan), "not finite"),
        (lambda window: replace(window, origin_px=(5000, 5000)), "Give an object of this scan"),
    ],
)
def test_a_start_that_is_none_of_this_scan_is_refused(folder, tmp_path, spoil, cure):
    from tasks.reconstruct.starts import given_start

    window = ObjectWindow(np.ones((400, 400), dtype=complex), (0, 0))
    write_object(tmp_path / "start.h5", spoil(window))
    with pytest.raises(ValueError, match=cure):
        given_start(read_scan(folder / "test.cxi"), tmp_path / "start.h5")
