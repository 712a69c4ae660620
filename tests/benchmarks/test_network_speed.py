"""Patterns per processor second of the networks that predict a patch for every pattern."""

import time
from functools import partial

import numpy as np
import pytest

from tasks.core.geometry.overlap import jittered_raster
from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.study.device import Device, Precision
from tasks.networks.architectures import ClassicArchitecture, PatchArchitecture
from tasks.networks.batches import canvas_of
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.device import choose_precision, layers_in, use_device
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.train.grouped_scan import GroupedScan
from tasks.train.losses import physics_loss
from tasks.train.params import TrainingParams
from tasks.train.photon_thinning import PhotonThinning
from tasks.train.trainer import Trainer
from tasks.train.training_setup import physics_batch

use_device(Device.CPU)
pytestmark = [pytest.mark.slow, pytest.mark.benchmark(timer=time.process_time)]
GROUP_SIZE = 32
STEPS = 10
# Of the network `patch`.
MAX_RATIO = {"learn": 90, "predict": 66}
ARCHITECTURES = {
    "patch": PatchArchitecture(),
    "classic": ClassicArchitecture(),
    "classic of four": ClassicArchitecture(gridsize=2),
}


@pytest.fixture(scope="module")
def exposures():
    rng = np.random.default_rng(0)
    counts = rng.poisson(2.4, size=(625, 64, 64)).astype(np.uint16)
    probe = 100 * defocused_zone_plate_probe(64, 0.4, 0.3, 8.0)
    return Exposures(
        positions_px=jittered_raster(25, 25, 8.0, 1.0, rng) + 33.0,
        probe_modes=probe[None].astype(np.complex64),
        good_pixels=np.ones((64, 64), dtype=bool),
        read=lambda indices: counts[indices],
    )


@pytest.fixture(params=[Precision.FLOAT32, Precision.MIXED_BFLOAT16])
def precision(request):
    if choose_precision(Precision.AUTO, "cpu") is Precision.FLOAT32 is not request.param:
        pytest.skip("this processor does not multiply bfloat16")
    return request.param


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_training(cost_ratio, exposures, precision, name):
    with layers_in(precision):
        network = CanvasNetwork(
            ARCHITECTURES[name], InputGeometry.of(exposures.probe_modes), seed=1
        )
    grouped = GroupedScan.of(PhotonThinning(exposures, 1.0, None, 1), GROUP_SIZE, seed=1)
    trainer = Trainer.of(network, physics_loss, TrainingParams())
    trainer.train_step(physics_batch(grouped, 0), 1e-3)  # traced before the clock starts

    def some_steps():
        for number in range(STEPS):
            trainer.train_step(physics_batch(grouped, number), 1e-3)

    ratio = cost_ratio(some_steps, STEPS * GROUP_SIZE)
    if name == "patch":
        assert ratio < MAX_RATIO["learn"]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_prediction(cost_ratio, exposures, name):
    network = CanvasNetwork(ARCHITECTURES[name], InputGeometry.of(exposures.probe_modes), seed=1)
    canvas = canvas_of(exposures.positions_px, exposures.n_px)
    start = np.zeros(canvas.shape, dtype=np.complex64)
    predict = partial(network.predict_canvas, exposures, canvas, start, 256, lambda _: None)
    ratio = cost_ratio(predict, len(exposures), is_slow_at_first=name == "patch")
    if name == "patch":
        assert ratio < MAX_RATIO["predict"]
