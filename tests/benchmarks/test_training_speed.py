"""How fast networks learn and predict, and how soon a training starts.

Times are those of the processor, on one thread: other work on the machine does not count.
"""

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tasks.core.files.atomic_files import write_json
from tasks.core.files.scan_file import read_scan_header
from tasks.core.files.scan_reader import open_view
from tasks.core.study.device import Device, Precision
from tasks.core.study.stage_record import StageFiles, silent
from tasks.networks.architectures import UnrolledArchitecture
from tasks.networks.batches import canvas_of
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.device import choose_precision, layers_in, use_device
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.networks.initial_guess import initial_guess
from tasks.reconstruct.network_stage import predict_object
from tasks.simulate.params import SimulationParams
from tasks.simulate.stage import simulate
from tasks.train.params import TrainingParams
from tasks.train.trainer import Trainer
from tasks.train.training_setup import TrainingSetup

use_device(Device.CPU)
pytestmark = [pytest.mark.slow, pytest.mark.benchmark(timer=time.process_time)]
GROUPS_PER_ROUND = 10
MAX_RATIO = {"learn": 31, "predict": 39, "first step": 720}

# Processor time to the first step [s] of a process that trains.
MEASURE = """
import sys
import time
from pathlib import Path

from tasks.core.study.stage_record import StageFiles
from tasks.train.params import TrainingParams
from tasks.train.stage import train

folder, out, first_s = Path(sys.argv[1]), Path(sys.argv[2]), []
names = {"weights": "n.weights.h5", "model": "m.json", "history": "h", "learning_curve": "c.png"}
files = StageFiles(
    {"scan": folder / "train.cxi", "view": folder / "train.json"},
    {name: out / file for name, file in names.items()},
)
params = TrainingParams.model_validate_json(sys.argv[3])
train(params, files, lambda *_: first_s.append(time.process_time()))
print(first_s[0])
"""


def simulated(folder, rows, columns):
    """Simulate a training scan of 64 px patterns, and a view of all of it."""
    params = SimulationParams(
        train_positions=(rows, columns),
        test_positions=(2, 2),
        min_test_span_px=0,
        photons_per_pattern=1e4,
    )
    outputs = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
    simulate(params, StageFiles({}, {k: folder / v for k, v in outputs.items()}), silent)
    count = len(read_scan_header(folder / "train.cxi"))
    view = {"view": "dense", "n_exposures": count, "indices": list(range(count))}
    write_json(folder / "train.json", view)
    return folder


@pytest.fixture(scope="module")
def quick_scan(tmp_path_factory):
    return simulated(tmp_path_factory.mktemp("quick"), 41, 41)


@pytest.fixture(scope="module")
def exposures(quick_scan):
    return Exposures.of(open_view(quick_scan / "train.cxi", quick_scan / "train.json"))


def first_step_s(folder, out):
    child = subprocess.run(
        [sys.executable, "-c", MEASURE, folder, out, TrainingParams(n_steps=1).model_dump_json()],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(child.stdout)


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.MIXED_BFLOAT16])
def test_patterns_learned_from(cost_ratio, exposures, precision):
    """Batches, transfer and optimiser steps; the step is traced before."""
    if choose_precision(Precision.AUTO, "cpu") is Precision.FLOAT32 is not precision:
        pytest.skip("this processor does not multiply bfloat16")
    params = TrainingParams()
    with layers_in(precision):
        network = CanvasNetwork(
            params.architecture, InputGeometry.of(exposures.probe_modes), seed=1
        )
    setup = TrainingSetup.of(
        params, StageFiles({}, {}), exposures, 0.6, network.architecture.needs_initial_guess
    )
    trainer = Trainer.of(network, setup.objective, params)
    trainer.train_step(setup.training_batch(0), 1e-3)

    def learn():
        for number in range(GROUPS_PER_ROUND):
            trainer.train_step(setup.training_batch(number), 1e-3)

    ratio = cost_ratio(learn, GROUPS_PER_ROUND * params.group_size)
    assert ratio < MAX_RATIO["learn"]


@pytest.mark.parametrize("with_guess", [False, True])
def test_patterns_predicted(cost_ratio, exposures, with_guess):
    """The passes over a whole scan, and the same with the initial guess that they refine."""
    network = CanvasNetwork(UnrolledArchitecture(), InputGeometry.of(exposures.probe_modes), seed=1)
    if with_guess:
        predict = partial(predict_object, network, exposures, 256)
    else:
        canvas = canvas_of(exposures.positions_px, exposures.n_px)
        guess = initial_guess(exposures, canvas)
        predict = partial(network.predict_canvas, exposures, canvas, guess, 256, lambda _: None)
    ratio = cost_ratio(predict, len(exposures), is_slow_at_first=not with_guess)
    if not with_guess:
        assert ratio < MAX_RATIO["predict"]


def test_the_first_step_comes_soon(quick_scan, tmp_path, reference_work):
    """From the start of the process: imports, initial guess, batches, tracing."""
    reference_work.measure()
    first_s = first_step_s(quick_scan, tmp_path)
    reference_work.measure()
    assert reference_work.ratio(first_s) < MAX_RATIO["first step"]
