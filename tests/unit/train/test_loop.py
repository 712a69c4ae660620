"""The loop: budgets, held-out exposures, and going on after a kill."""

import csv
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tasks.core.files.scan_reader import map_view
from tasks.core.study.device import Device
from tasks.core.study.stage_record import StageCall, StageFiles, silent
from tasks.networks.architectures import UnrolledArchitecture
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.device import use_device
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.networks.initial_guess import initial_guess
from tasks.runtime.errors import StageFailedError
from tasks.runtime.run_session import hub_session
from tasks.runtime.stage_runner import run_stage
from tasks.train.grouped_scan import GroupedScan, hold_out
from tasks.train.loop import Safeguards, train_network
from tasks.train.losses import physics_loss
from tasks.train.params import TrainingParams
from tasks.train.photon_thinning import PhotonThinning
from tasks.train.stage import train
from tasks.train.training_setup import physics_batch

use_device(Device.CPU)
TINY = UnrolledArchitecture(passes=1, channels=(4, 4))
OUTPUTS = {
    "weights": "network.weights.h5",
    "model": "model.json",
    "history": "history.csv",
    "learning_curve": "learning_curve.png",
}
KILLED = """
import os, signal, sys
from pathlib import Path

from tasks.core.study.stage_record import StageCall
from tasks.core.study.stage_record import StageFiles
from tasks.train.params import TrainingParams
from tasks.train.stage import train

folder, out, last_step, params = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
outputs = {name: out / file for name, file in %r.items()}


def progress(done, total, text):
    if done == last_step:
        os.kill(os.getpid(), signal.SIGKILL)


files = StageFiles({"scan": folder / "train.cxi", "view": folder / "train.json"}, outputs, "mine")
train(TrainingParams.model_validate_json(params), files, progress)
"""


@pytest.fixture(scope="module")
def grouped(wide_scan):
    scan = map_view(wide_scan / "train.cxi", wide_scan / "train.json")
    thinning = PhotonThinning(Exposures.of(scan), 1.0, initial_guess, seed=1)
    return GroupedScan.of(thinning, 9, seed=1)


def new_network(grouped):
    return CanvasNetwork(TINY, InputGeometry.of(grouped.exposures.probe_modes), seed=1)


def learn(grouped, params, safeguards, after_step=lambda *_: None):
    network = new_network(grouped)
    batch_of_step = partial(physics_batch, grouped)
    history = train_network(network, physics_loss, batch_of_step, params, after_step, safeguards)
    return network, history


def files_of(folder, out, fingerprint=""):
    inputs = {"scan": folder / "train.cxi", "view": folder / "train.json"}
    return StageFiles(inputs, {name: out / file for name, file in OUTPUTS.items()}, fingerprint)


class Clock:
    """A clock that moves on by a step whenever it is read."""

    def __init__(self, step_s):
        self.now_s, self.step_s = 0.0, step_s

    def __call__(self):
        self.now_s += self.step_s
        return self.now_s


def test_no_held_out_pattern_occurs_in_a_training_group(grouped):
    training, validation = hold_out(grouped, 0.1)
    held = np.unique(validation.groups)
    assert not np.intersect1d(np.unique(training.groups), held).size
    positions = grouped.exposures.positions_px[held]
    others = grouped.exposures.positions_px[np.unique(training.groups)]
    assert positions.max(axis=0).max() < others.max(axis=0).min()
    assert 9 <= len(held) <= 12
    assert validation.canvas_shape == training.canvas_shape == grouped.canvas_shape


def test_nothing_is_held_out_when_switched_off_or_when_the_scan_is_too_small(grouped):
    assert hold_out(grouped, 0.0) == (grouped, None)
    assert hold_out(grouped, 0.45)[1] is None


@pytest.mark.slow
def test_training_stops_when_the_held_out_part_no_longer_improves_and_keeps_the_best(grouped):
    training, validation = hold_out(grouped, 0.1)
    batch_of_step = partial(physics_batch, training)
    held_out = [physics_batch(validation, 0)]
    params = TrainingParams(n_steps=200, group_size=9, evaluate_every=2, patience=3)
    seen = []

    def spoil(step, _loss, _share):
        """From the sixth step on the weights get worse whatever is learned."""
        seen.append([np.array(weight) for weight in network.get_weights()])
        if step >= 6:
            network.set_weights([weight + 0.02 for weight in network.get_weights()])

    network = new_network(grouped)
    guard = Safeguards(held_out)
    history = train_network(network, physics_loss, batch_of_step, params, spoil, guard)
    assert history.n_steps == history.best_step + 2 * params.patience < params.n_steps
    assert history.validations_since_best() == params.patience
    for kept, best in zip(network.get_weights(), seen[history.best_step - 1], strict=True):
        np.testing.assert_array_equal(kept, best)


@pytest.mark.slow
def test_a_budget_in_seconds_ends_by_the_clock(grouped):
    params = TrainingParams(n_steps=1, budget_s=10.0, group_size=9)
    shares = []
    _, history = learn(
        grouped, params, Safeguards(clock=Clock(0.5)), lambda _n, _loss, share: shares.append(share)
    )
    assert history.n_steps == len(shares) == 11
    assert history.elapsed_s == pytest.approx(10.0, abs=1.0)
    assert shares[-1] == 1.0
    assert max(history.learning_rates) <= params.learning_rate


@pytest.mark.slow
def test_a_killed_training_goes_on_with_the_same_result(wide_scan, tmp_path):
    params = TrainingParams(
        n_steps=9, group_size=9, architecture=TINY, evaluate_every=2, checkpoint_s=0.0, seed=3
    )
    facts = train(params, files_of(wide_scan, tmp_path / "undisturbed"), silent)
    assert facts["n_held_out"] > 0
    killed = tmp_path / "killed"
    child = subprocess.run(
        [sys.executable, "-c", KILLED % OUTPUTS, wide_scan, killed, "5", params.model_dump_json()],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    assert [path.name for path in sorted((killed / "checkpoints").iterdir())] == [
        "step_00000004.npz",
        "step_00000005.npz",
    ]
    steps = []
    train(params, files_of(wide_scan, killed, "mine"), lambda done, *_: steps.append(done))
    assert steps == [6, 7, 8, 9]
    assert not (killed / "checkpoints").exists()
    histories = []
    for name in ("undisturbed", "killed"):
        with (tmp_path / name / OUTPUTS["history"]).open(newline="") as file:
            histories.append(
                [list(map(float, filter(None, row))) for row in list(csv.reader(file))[1:]]
            )
    for one, other in zip(*histories, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)
    contents = [(tmp_path / n / OUTPUTS["weights"]).read_bytes() for n in ("undisturbed", "killed")]
    assert contents[0] == contents[1]


@pytest.mark.slow
def test_the_next_try_of_a_stage_goes_on_where_its_child_was_killed(wide_scan, planned_hub):
    params = TrainingParams(n_steps=60, group_size=9, architecture=TINY, checkpoint_s=0.0)
    call = StageCall(
        stage="train",
        phase="E",
        function="tasks.train.stage:train",
        params=params.model_dump(mode="json"),
        inputs={"scan": "train.cxi", "view": "train.json"},
        outputs={name: f"model/{file}" for name, file in OUTPUTS.items()},
        manifest="model/manifest.json",
        timeout_s=300,
    )
    hub = planned_hub(call)
    for name in call.inputs.values():
        shutil.copy(wide_scan / name, hub / name)

    def kill_in_the_middle(event):
        if event.kind == "progress" and 0 < event.done < event.total:
            for process in session.processes:
                os.kill(process.pid, signal.SIGKILL)

    with (
        hub_session(hub, kill_in_the_middle) as session,
        pytest.raises(StageFailedError, match="killed by SIGKILL") as failure,
    ):
        run_stage(session, call, "key", lambda _line: None)
    assert failure.value.is_transient
    assert list((hub / "model/checkpoints").glob("step_*.npz"))
    with hub_session(hub) as session:
        record = run_stage(session, call, "key", lambda _line: None)
    assert 0 < record.facts["resumed_step"] < 60
    assert record.facts["n_steps"] == 60
    assert not (hub / "model/checkpoints").exists()


@pytest.mark.slow
def test_a_stage_without_a_fingerprint_keeps_nothing(small_scan, tmp_path):
    params = TrainingParams(
        arm="PtychoPINN", n_steps=2, group_size=9, architecture=TINY, checkpoint_s=0.0
    )
    seen = []
    folder = tmp_path / "checkpoints"
    train(params, files_of(small_scan, tmp_path), lambda *_: seen.append(folder.exists()))
    assert seen == [False, False]
    train(
        params,
        replace(files_of(small_scan, tmp_path), fingerprint="mine"),
        lambda *_: seen.append(folder.exists()),
    )
    assert seen[2:] == [True, True]
    assert not folder.exists()
