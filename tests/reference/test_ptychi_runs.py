"""Starts, algorithms and orders of pty-chi on a small scan, against the truth."""

import numpy as np
import pytest

from tasks.compare.alignment.gauge import fit_gauge, remove_gauge
from tasks.compare.alignment.region import scored_region
from tasks.core.files.atomic_files import read_json
from tasks.core.files.object_file import read_iterates, read_object
from tasks.core.files.scan_reader import read_scan
from tasks.reconstruct.params import ClassicAlgorithm, ClassicParams, PtyChiParams

N_EPOCHS = 24
LSQML = PtyChiParams(n_epochs=N_EPOCHS, batch_size=16, device="cpu")
OTHERS = {
    "plain": {"plain": True, "batch_size": 16},
    "epie": {"algorithm": "epie"},
    "autodiff": {"algorithm": "autodiff"},
    "orders": {"n_orders": 2, "batch_size": 16},
}

CLASSIC = {f"classic-{algorithm.value}": algorithm for algorithm in ClassicAlgorithm}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory, scan_to_solve, run_ptychi):
    """Simulate a scan and reconstruct it in every way, in one process."""
    where = tmp_path_factory.mktemp("runs")
    scan_to_solve(where, 8, 1e6)
    flat = LSQML.model_dump_json()
    others = [
        f"{name}={PtyChiParams(n_epochs=N_EPOCHS, device='cpu', **chosen).model_dump_json()}"
        for name, chosen in OTHERS.items()
    ]
    few = ClassicParams(n_epochs=N_EPOCHS, device="cpu")
    others += [
        f"{name}={few.model_copy(update={'algorithm': algorithm}).model_dump_json()}"
        for name, algorithm in CLASSIC.items()
    ]
    run_ptychi(where, f"flat={flat}", f"true@truth.h5={flat}", f"refined@noisy.h5={flat}", *others)
    return where


def errors_of(folder, name):
    """Return the relative complex error in the gauge of the truth, by epoch."""
    region = scored_region(read_scan(folder / "test.cxi").header, 0.05, 4.0)
    truth = read_object(folder / "truth.h5").cut(region.box)
    errors = {}
    for epoch, window in read_iterates(folder / f"{name}_iterates.h5"):
        image = window.cut(region.box)
        aligned = remove_gauge(image, fit_gauge(image, truth, region.weights), region.lit)
        rest = (aligned - truth)[region.mask]
        errors[epoch] = np.linalg.norm(rest) / np.linalg.norm(truth[region.mask])
    return errors


def test_a_run_from_the_truth_starts_there_and_stays_near(folder):
    errors = errors_of(folder, "true")
    assert errors[0] < 1e-3
    assert errors[N_EPOCHS] < 0.5 * errors_of(folder, "flat")[N_EPOCHS]
    assert read_object(folder / "true.h5").facts["start"] == "given"


def test_a_run_from_a_good_object_is_there_in_fewer_epochs(folder):
    flat, refined = errors_of(folder, "flat"), errors_of(folder, "refined")
    goal = flat[N_EPOCHS]
    assert min(epoch for epoch, error in refined.items() if error <= goal) <= N_EPOCHS // 2


def test_a_given_start_is_run_with_the_settings_of_the_flat_one_but_no_epochs_by_gauss(folder):
    flat, refined = (read_object(folder / f"{name}.h5").facts for name in ("flat", "refined"))
    assert flat["settings"]["gaussian_epochs"] > 0
    assert refined["settings"] == flat["settings"] | {"gaussian_epochs": 0}


@pytest.mark.parametrize("name", ["flat", "plain", "epie", "autodiff"])
def test_every_algorithm_beats_the_flat_start(folder, name):
    errors = errors_of(folder, name)
    assert errors[N_EPOCHS] < 0.7 * errors[0]
    losses = read_object(folder / f"{name}.h5").facts["losses"]
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("name", CLASSIC)
def test_every_classic_algorithm_beats_the_flat_start_with_the_settings_of_its_record(folder, name):
    errors = errors_of(folder, name)
    assert errors[N_EPOCHS] < 0.7 * errors[0]
    settings = read_object(folder / f"{name}.h5").facts["settings"]
    assert settings["algorithm"] == CLASSIC[name].value
    assert settings["n_epochs"] == N_EPOCHS
    options = read_json(folder / f"{name}.json")
    solver, of_object = options["reconstructor_options"], options["object_options"]
    where = {"epie": (of_object, "alpha"), "raar": (solver, "beta")}
    place, option = where.get(CLASSIC[name].value, (solver, "exit_wave_update_relaxation"))
    assert place[option] == settings["step"]


def test_two_orders_tell_their_spread_and_report_the_first(folder):
    facts = read_object(folder / "orders.h5").facts
    assert len(set(facts["seeds"])) == 2
    assert 0 < facts["spread_between_orders"] < 0.2
    first, alone = (read_object(folder / f"{name}.h5").object_ for name in ("orders", "flat"))
    np.testing.assert_array_equal(first, alone)
    lines = (folder / "orders.txt").read_text().splitlines()
    assert lines[-1].startswith(f"{2 * N_EPOCHS}/{2 * N_EPOCHS} ")
