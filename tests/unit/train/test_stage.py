"""Training as a stage: learns, repeats itself, reads what it may and nothing else."""

import csv
from dataclasses import replace
from functools import partial
from hashlib import sha256

import h5py
import numpy as np
import pytest
from keras import ops
from scipy.ndimage import gaussian_filter

from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.files.object_file import read_object, write_object
from tasks.core.files.scan_reader import map_view
from tasks.core.geometry.patches import illumination_map
from tasks.core.study.device import Device
from tasks.core.study.stage_record import StageFiles, silent
from tasks.networks.architectures import UnrolledArchitecture
from tasks.networks.architectures.base import Canvases
from tasks.networks.batches import as_pair, canvas_of, network_inputs
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.device import use_device
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.networks.initial_guess import initial_guess
from tasks.networks.initial_guess.closed_form import flat_guess
from tasks.networks.physics import predicted_intensity, predicted_waves
from tasks.train.grouped_scan import GroupedScan
from tasks.train.loop import train_network
from tasks.train.losses import physics_loss
from tasks.train.params import TrainingParams
from tasks.train.photon_thinning import PhotonThinning, choose_thinning
from tasks.train.stage import train
from tasks.train.training_setup import physics_batch

use_device(Device.CPU)
OUTPUTS = {
    "weights": "network.weights.h5",
    "model": "model.json",
    "history": "history.csv",
    "learning_curve": "learning_curve.png",
}
TINY = UnrolledArchitecture(passes=2, channels=(4, 4))
SMALL = {"n_steps": 3, "group_size": 9, "architecture": TINY}


@pytest.fixture
def folder(small_scan):
    return small_scan


@pytest.fixture
def scan(folder):
    return map_view(folder / "train.cxi", folder / "train.json")


def stage_files(folder, out, arm, truth="truth.h5"):
    inputs = {"scan": folder / "train.cxi", "view": folder / "train.json"}
    if arm == "Baseline":
        inputs["truth"] = folder / truth
    return StageFiles(inputs, {name: out / file for name, file in OUTPUTS.items()})


def params_of(arm, **changes):
    learns_from = "labels" if arm == "Baseline" else "diffraction"
    return TrainingParams(arm=arm, learns_from=learns_from, **SMALL | changes)


def run(folder, out, arm, **changes):
    return train(params_of(arm, **changes), stage_files(folder, out, arm), silent)


def groups_of(scan, group_size, shown_fraction=1.0, guess=initial_guess):
    thinning = PhotonThinning(Exposures.of(scan), shown_fraction, guess, seed=1)
    return GroupedScan.of(thinning, group_size, seed=1)


def network_of(passes, channels, scan):
    architecture = UnrolledArchitecture(passes=passes, channels=channels)
    return CanvasNetwork(architecture, InputGeometry.of(scan.probe_modes), seed=1)


def digest(path):
    return sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("arm", ["PtychoPINN", "Baseline"])
def test_same_seed_gives_the_same_bytes_and_another_seed_others(folder, tmp_path, arm):
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        run(folder, tmp_path / name, arm, seed=seed)
    for file in OUTPUTS.values():
        assert digest(tmp_path / "first" / file) == digest(tmp_path / "again" / file), file
    weights = OUTPUTS["weights"]
    assert digest(tmp_path / "first" / weights) != digest(tmp_path / "other" / weights)


@pytest.mark.slow
def test_outputs_are_complete_and_belong_together(folder, tmp_path):
    facts = run(folder, tmp_path, "PtychoPINN")
    record = read_json(tmp_path / OUTPUTS["model"])
    assert record["arm"] == "PtychoPINN"
    assert record["weights_sha256"] == digest(tmp_path / OUTPUTS["weights"])
    assert record["data"]["n_px"] == 32
    assert record["data"]["photons_per_pattern"] == pytest.approx(1e4, rel=0.05)
    with (tmp_path / OUTPUTS["history"]).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [1, 2, 3]
    assert all(float(row["loss"]) > 0 for row in rows)
    assert (tmp_path / OUTPUTS["learning_curve"]).read_bytes().startswith(b"\x89PNG")
    with h5py.File(tmp_path / OUTPUTS["weights"]) as file:
        assert len(file) > 0
    assert facts["n_steps"] == 3
    assert facts["thinning_fraction"] == choose_thinning(None, 1e4)
    assert {path.name for path in tmp_path.iterdir()} == set(OUTPUTS.values())


@pytest.mark.slow
def test_baseline_never_sees_the_test_region(folder, tmp_path):
    scan, test = (map_view(folder / f"{s}.cxi", folder / f"{s}.json") for s in ("train", "test"))
    truth = read_object(folder / "truth.h5")
    lit = illumination_map(test.probe, test.positions_px, truth.object_.shape) > 0
    assert not np.any(
        lit & (illumination_map(scan.probe, scan.positions_px, truth.object_.shape) > 0)
    )
    blinded = replace(truth, object_=np.where(lit, 9 + 9j, truth.object_))
    write_object(folder / "blinded.h5", blinded)
    params = params_of("Baseline")
    for name in ("truth", "blinded"):
        files = stage_files(folder, tmp_path / name, "Baseline", f"{name}.h5")
        train(params, files, silent)
    weights = OUTPUTS["weights"]
    assert digest(tmp_path / "truth" / weights) == digest(tmp_path / "blinded" / weights)


@pytest.mark.slow
@pytest.mark.parametrize("arm", ["PtychoPINN", "Baseline"])
def test_dark_gaps_between_exposures_do_no_harm(folder, tmp_path, arm):
    corners = [0, 1, 6, 7, 28, 29, 34, 35]
    write_json(folder / "corners.json", {"view": "sparse", "n_exposures": 36, "indices": corners})
    files = stage_files(folder, tmp_path, arm)
    files = replace(files, inputs={**files.inputs, "view": folder / "corners.json"})
    facts = train(params_of(arm, group_size=8), files, silent)
    assert np.isfinite(facts["last_loss"])
    with h5py.File(files.outputs["weights"]) as file:
        assert np.all(np.isfinite(file["vars/0"][()]))


def test_a_thinned_batch_shows_a_part_and_has_the_rest_as_its_target(scan):
    whole, thinned = (physics_batch(groups_of(scan, 9, share), 0) for share in (1.0, 0.25))
    np.testing.assert_array_equal(thinned["counts"] + thinned["target_counts"], whole["counts"])
    np.testing.assert_array_equal(whole["target_counts"], whole["counts"])
    np.testing.assert_allclose(thinned["probe_real"], 0.5 * whole["probe_real"], rtol=1e-6)
    assert thinned["target_scale"] == pytest.approx(3.0)
    assert whole["target_scale"] == pytest.approx(1.0)


@pytest.mark.slow
def test_eight_patterns_can_be_learned_by_heart(folder, scan):
    few = replace(
        scan,
        diffraction_counts=scan.diffraction_counts[[0, 1, 2, 3, 6, 7, 8, 9]],
        positions_px=scan.positions_px[[0, 1, 2, 3, 6, 7, 8, 9]],
    )
    params = TrainingParams(n_steps=150, group_size=8, seed=1)
    network = network_of(2, (16, 16), few)
    batch_of_step = partial(physics_batch, groups_of(few, 8, guess=flat_guess))
    history = train_network(network, physics_loss, batch_of_step, params, lambda *_: None)
    (floor,) = losses_of_objects(few, [read_object(folder / "truth.h5")])
    assert history.losses[0] > 2 * floor
    assert history.losses[-1] < 1.1 * floor


def losses_of_objects(scan, objects):
    canvas = canvas_of(scan.positions_px, scan.n_px)
    everything, guess = np.arange(len(scan)), np.zeros(canvas.shape, np.complex64)
    exposures = Exposures.of(scan)
    inputs = network_inputs(exposures, everything, canvas, guess)
    inputs |= {
        "target_counts": inputs["counts"],
        "target_scale": np.ones(1, np.float32),
    }
    probe, found = (inputs["probe_real"], inputs["probe_imaginary"]), []
    for object_ in objects:
        window = object_.cut(canvas)
        pair = as_pair(np.nan_to_num(window, nan=1.0))
        waves = predicted_waves(pair, probe, inputs["indices"])
        found.append(float(physics_loss(inputs, Canvases([], [predicted_intensity(waves)]))))
    return found


def test_no_other_object_explains_the_photons_better_than_the_truth(folder, scan):
    truth = read_object(folder / "truth.h5")
    values, rng = truth.object_, np.random.default_rng(3)
    noise = rng.normal(size=values.shape) + 1j * rng.normal(size=values.shape)
    rivals = [
        np.conj(values),
        np.abs(values).astype(complex),
        np.full_like(values, values.mean()),
        gaussian_filter(values.real, 1) + 1j * gaussian_filter(values.imag, 1),
        1.05 * values,
        values + 0.05 * noise,
        np.roll(values, 1, axis=0),
    ]
    objects = [truth, *(replace(truth, object_=rival) for rival in rivals)]
    floor, *others = losses_of_objects(scan, objects)
    assert min(others) > floor
    (turned,) = losses_of_objects(scan, [replace(truth, object_=np.exp(1j) * values)])
    assert turned == pytest.approx(floor, rel=1e-4)


def test_only_the_baseline_is_given_the_truth(folder, tmp_path):
    labelled = stage_files(folder, tmp_path, "Baseline")
    with pytest.raises(ValueError, match="do not give it the input `truth`"):
        train(TrainingParams(arm="PtychoPINN", **SMALL), labelled, silent)
    unlabelled = stage_files(folder, tmp_path, "PtychoPINN")
    with pytest.raises(ValueError, match="name it as input `truth`"):
        train(params_of("Baseline"), unlabelled, silent)


def test_a_scan_smaller_than_a_group_is_refused(folder, tmp_path):
    with pytest.raises(ValueError, match="Lower group_size to 36"):
        run(folder, tmp_path, "PtychoPINN", group_size=37)


@pytest.mark.slow
def test_a_loss_that_is_not_finite_stops_with_the_damaged_input(scan):
    network, groups = network_of(1, (4, 4), scan), groups_of(scan, 4)

    def batch_of_step(number):
        batch = physics_batch(groups, number)
        return dict(batch) | {"target_counts": np.full_like(batch["target_counts"], np.nan)}

    with pytest.raises(
        FloatingPointError, match=r"step 1 is nan.*input target_counts.*check the scan"
    ):
        train_network(
            network, physics_loss, batch_of_step, TrainingParams(**SMALL), lambda *_: None
        )


@pytest.mark.slow
def test_a_training_that_diverges_stops_and_names_the_learning_rate(scan):
    network = network_of(1, (4, 4), scan)
    network.steps.assign(ops.full((1,), 1e30))
    batch_of_step = partial(physics_batch, groups_of(scan, 4))
    with pytest.raises(
        FloatingPointError, match=r"inputs are finite.*lower learning_rate \(0.002\)"
    ):
        train_network(
            network, physics_loss, batch_of_step, TrainingParams(**SMALL), lambda *_: None
        )


@pytest.mark.slow
def test_a_trained_network_learns_on_from_where_it_is(folder, tmp_path):
    run(folder, tmp_path / "first", "PtychoPINN")
    files = stage_files(folder, tmp_path / "second", "PtychoPINN")
    trained = {
        "initial_weights": tmp_path / "first" / OUTPUTS["weights"],
        "initial_model": tmp_path / "first" / OUTPUTS["model"],
        "scan": folder / "test.cxi",
        "view": folder / "test.json",
    }
    files = replace(files, inputs={**files.inputs, **trained})
    # A step so small that it changes nothing leaves the very network that it began with.
    params = TrainingParams(**SMALL | {"n_steps": 1, "learning_rate": 1e-12, "holdout_fraction": 0})
    train(params, files, silent)
    with (
        h5py.File(trained["initial_weights"]) as before,
        h5py.File(files.outputs["weights"]) as after,
    ):
        names = []
        before.visititems(
            lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None
        )
        assert names
        for name in names:
            np.testing.assert_allclose(after[name][()], before[name][()], atol=1e-9, err_msg=name)


@pytest.mark.slow
def test_a_network_does_not_learn_on_from_other_data(folder, tmp_path):
    run(folder, tmp_path / "first", "PtychoPINN")
    model = read_json(tmp_path / "first" / OUTPUTS["model"])
    model["data"]["photons_per_pattern"] *= 100
    write_json(tmp_path / "bright.json", model)
    files = stage_files(folder, tmp_path / "second", "PtychoPINN")
    other = {
        "initial_weights": tmp_path / "first" / OUTPUTS["weights"],
        "initial_model": tmp_path / "bright.json",
    }
    files = replace(files, inputs={**files.inputs, **other})
    with pytest.raises(ValueError, match=r"was trained for .* photons per pattern, but the scan"):
        train(TrainingParams(**SMALL), files, silent)
