"""Patterns per processor second of the networks that predict a patch for every pattern."""

import time

import keras
import numpy as np
import pytest

from tasks.core.device import Device
from tasks.core.probe import defocused_zone_plate_probe
from tasks.core.scan import jittered_raster
from tasks.networks.architectures.params import ClassicArchitecture, PatchArchitecture
from tasks.networks.architectures.registry import build_network
from tasks.networks.batches import canvas_of
from tasks.networks.device import use_device
from tasks.networks.exposures import Exposures, Optics
from tasks.train.lessons import Course, physics_lesson
from tasks.train.losses import physics_loss
from tasks.train.splits import ExposureSplits

use_device(Device.CPU)
# Other work on the machine does not count.
pytestmark = [pytest.mark.slow, pytest.mark.benchmark(timer=time.process_time)]
GROUP_SIZE = 32
STEPS = 10
ARCHITECTURES = {
    "patch": PatchArchitecture(),
    "classic": ClassicArchitecture(),
    "classic of four": ClassicArchitecture(gridsize=2),
}


class Pupil(keras.Model):
    """A network that is judged by the physics."""

    def __init__(self, network):
        super().__init__(dtype="float32")
        self.network = network
        self.built = True

    def call(self, inputs):
        return self.network(inputs)

    def compute_loss(self, x, y, y_pred, *_, **__):  # noqa: ARG002
        return physics_loss(x, y_pred)


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


@pytest.fixture(params=["float32", "mixed_bfloat16"])
def precision(request):
    if request.param == "mixed_bfloat16" and not processor_has("avx512_bf16", "amx_bf16"):
        pytest.skip("this processor has neither AVX512-BF16 nor AMX")
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy("float32")


def processor_has(*features):
    try:
        with open("/proc/cpuinfo", encoding="ascii") as file:  # noqa: PTH123
            content = file.read()
    except OSError:
        return False
    return any(feature in content for feature in features)


def no_start(exposures, canvas):
    return np.zeros(canvas.shape, dtype=np.complex64)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_training(benchmark, exposures, precision, name):
    network = build_network(ARCHITECTURES[name], Optics.of(exposures.probe_modes), seed=1)
    course = Course.of(ExposureSplits(exposures, 1.0, no_start, 1), GROUP_SIZE, seed=1)
    pupil = Pupil(network)
    pupil.compile(optimizer=keras.optimizers.AdamW(1e-3), jit_compile=False)

    def some_steps():
        for number in range(STEPS):
            pupil.train_on_batch(physics_lesson(course, number))

    benchmark.pedantic(some_steps, rounds=5, warmup_rounds=1)
    speed = STEPS * GROUP_SIZE / benchmark.stats.stats.min
    benchmark.extra_info["patterns_per_cpu_s"] = speed
    if name == "patch":
        assert speed >= {"float32": 250, "mixed_bfloat16": 450}[precision]


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_prediction(benchmark, exposures, name):
    network = build_network(ARCHITECTURES[name], Optics.of(exposures.probe_modes), seed=1)
    canvas = canvas_of(exposures.positions_px, exposures.n_px)
    start = np.zeros(canvas.shape, dtype=np.complex64)
    arguments = (exposures, canvas, start, 256, lambda _: None)
    benchmark.pedantic(network.predict_canvas, arguments, rounds=5, warmup_rounds=1)
    speed = len(exposures) / benchmark.stats.stats.min
    benchmark.extra_info["patterns_per_cpu_s"] = speed
    if name == "patch":
        assert speed >= 650
