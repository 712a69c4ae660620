"""TensorFlow and torch, each in a process of its own: same weights, same numbers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks.core.files.atomic_files import sha256_of
from tasks.core.files.object_file import read_object
from tasks.core.files.scan_reader import open_view
from tasks.core.study.device import Backend, Device
from tasks.core.study.stage_record import StageFiles, silent
from tasks.networks.architectures import UnrolledArchitecture
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.device import use_device
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.networks.model_file import write_weights
from tasks.networks.model_record import DataRecord, ModelRecord, write_model_record
from tasks.networks.scan_statistics import ScanStatistics
from tasks.reconstruct.network_stage import predict
from tasks.reconstruct.params import PredictionParams
from tasks.train.params import TrainingParams

use_device(Device.CPU)
pytestmark = pytest.mark.slow
ARCHITECTURE = UnrolledArchitecture(passes=2, channels=(8, 8))

PREDICT = """
import sys
from pathlib import Path

from tasks.core.study.stage_record import StageFiles, silent
from tasks.reconstruct.network_stage import predict
from tasks.reconstruct.params import PredictionParams

scan, folder, backend = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
files = StageFiles(
    {
        "scan": scan / "test.cxi",
        "view": scan / "test.json",
        "weights": folder / "n.weights.h5",
        "model": folder / "model.json",
    },
    {"reconstruction": folder / f"{backend}_{sys.argv[4]}.h5"},
)
predict(PredictionParams(backend=backend, device=sys.argv[4]), files, silent)
assert ({"tensorflow", "torch"} & set(sys.modules)) == {backend}, "both frameworks in one process"
"""

# One process a backend: an object, and steps whose gradient is the change of the weights, since
# they are of length one.
MAKE = (
    """
import sys
from tasks.networks.device import framework
print(framework().n_gpus())
"""
    + PREDICT
    + """
import json

import keras
import numpy as np

from tasks.core.files.scan_reader import open_view
from tasks.core.study.stage_record import StageFiles
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.train.trainer import Trainer
from tasks.train.params import TrainingParams
from tasks.train.training_setup import TrainingSetup

for fields in json.loads(sys.argv[5]):
    params = TrainingParams.model_validate(fields)
    inputs = {"scan": scan / "train.cxi", "view": scan / "train.json"}
    if params.learns_from == "labels":
        inputs["truth"] = scan / "truth.h5"
    exposures = Exposures.of(open_view(inputs["scan"], inputs["view"]))
    network = CanvasNetwork(params.architecture, InputGeometry.of(exposures.probe_modes), 3)
    network.load_weights(folder / "n.weights.h5")
    setup = TrainingSetup.of(params, StageFiles(inputs, {}), exposures, 1.0, True)
    trainer = Trainer(network, setup.objective, keras.optimizers.SGD(1.0))
    before = trainer.weights_now()
    loss = trainer.train_step(setup.training_batch(0), 1.0)
    changes = [(a - b).ravel() for a, b in zip(before, trainer.weights_now(), strict=True)]
    np.savez(folder / f"{backend}_{params.arm}.npz", loss=loss, gradient=np.concatenate(changes))
assert ({"tensorflow", "torch"} & set(sys.modules)) == {backend}, "both frameworks in one process"
"""
)


@pytest.fixture(scope="module")
def model(small_scan, tmp_path_factory):
    """Return a folder with a network whose learned part speaks loudly, and its record."""
    folder = tmp_path_factory.mktemp("model")
    exposures = Exposures.of(open_view(small_scan / "test.cxi", small_scan / "test.json"))
    geometry = InputGeometry.of(exposures.probe_modes)
    network = CanvasNetwork(ARCHITECTURE, geometry, seed=4)
    last = network.unet.layers[-1]
    last.set_weights([10 * weight for weight in last.get_weights()])
    write_weights(folder / "n.weights.h5", network)
    record = ModelRecord(
        arm="network",
        architecture=ARCHITECTURE,
        optics=geometry,
        data=DataRecord.of(exposures, ScanStatistics.of(exposures)),
        weights_sha256=sha256_of(folder / "n.weights.h5"),
        training={},
    )
    write_model_record(folder / "model.json", record)
    return folder


@pytest.fixture(scope="module")
def n_gpus(small_scan, model):
    """Number of GPUs that each backend sees; both leave what they make in the model's folder."""
    fixed = {"group_size": 9, "architecture": ARCHITECTURE, "holdout_fraction": 0}
    arms = [
        TrainingParams(arm=arm, learns_from=learns_from, **fixed)
        for arm, learns_from in (("PtychoPINN", "diffraction"), ("Baseline", "labels"))
    ]
    fields = json.dumps([params.model_dump(mode="json") for params in arms])
    found = {}
    for backend in Backend:
        finished = run_apart(MAKE, backend, small_scan, model, backend, "cpu", fields)
        assert finished.returncode == 0, finished.stderr
        found[backend] = int(finished.stdout.split()[0])
    return found


def run_apart(script, backend, *arguments):
    root = Path(__file__).parents[3]
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=os.environ | {"PYTHONPATH": str(root), "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )


def test_same_weights_give_the_same_object_on_both(model, n_gpus):
    one, other = (read_object(model / f"{backend}_cpu.h5") for backend in Backend)
    assert one.origin_px == other.origin_px
    largest = np.abs(one.object_).max()
    np.testing.assert_allclose(one.object_, other.object_, atol=1e-5 * largest, rtol=0)


@pytest.mark.parametrize("arm", ["PtychoPINN", "Baseline"])
def test_a_training_step_has_the_same_loss_and_gradient_on_both(model, n_gpus, arm):
    one, other = (np.load(model / f"{backend}_{arm}.npz") for backend in Backend)
    assert float(one["loss"]) == pytest.approx(float(other["loss"]), rel=1e-5)
    scale = np.abs(one["gradient"]).max()
    assert scale > 0
    np.testing.assert_allclose(one["gradient"], other["gradient"], atol=1e-4 * scale, rtol=0)


def test_torch_refuses_a_missing_gpu_when_asked_for():
    script = """
import sys
import torch
from tasks.core.study.device import Device
from tasks.networks.device import use_device
if torch.cuda.is_available():
    sys.exit(77)
try:
    use_device(Device.CUDA)
except ValueError as error:
    print(error)
print(use_device(Device.AUTO), torch.get_num_threads())
"""
    finished = run_apart(script, "torch")
    if finished.returncode == 77:
        pytest.skip("a GPU is there")
    refused, chosen = finished.stdout.splitlines()
    assert "No GPU is visible to torch. Choose device auto or cpu" in refused
    assert chosen == "cpu 1"


def test_parameters_of_another_backend_than_the_process_are_refused(tmp_path):
    files = StageFiles({}, {"reconstruction": tmp_path / "object.h5"})
    with pytest.raises(ValueError, match=r"runs on tensorflow.*Set KERAS_BACKEND=torch before"):
        predict(PredictionParams(backend=Backend.TORCH), files, silent)


@pytest.mark.parametrize("backend", Backend)
def test_keras_is_prepared_on_the_backend_that_is_asked_for(backend):
    script = (
        "from tasks.runtime.stage_loading import load\n"
        f"load([], {backend.value!r})\n"
        "import keras, os\n"
        "print(keras.backend.backend(), os.environ['KERAS_BACKEND'])"
    )
    other = {"KERAS_BACKEND": "none of both"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | other, capture_output=True, text=True
    )
    assert done.stdout.split() == [backend, backend], done.stderr


@pytest.mark.parametrize("backend", Backend)
def test_a_gpu_gives_the_same_object_as_the_processor(small_scan, model, n_gpus, backend):
    if n_gpus[backend] == 0:
        pytest.skip(f"no GPU is visible to {backend}")
    finished = run_apart(PREDICT, backend, small_scan, model, backend, "cuda")
    assert finished.returncode == 0, finished.stderr
    one, other = (read_object(model / f"{backend}_{device}.h5") for device in ("cpu", "cuda"))
    largest = np.abs(one.object_).max()
    np.testing.assert_allclose(one.object_, other.object_, atol=1e-4 * largest, rtol=0)
