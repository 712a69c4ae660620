"""The precision of the layers: asked of the machine, and never that of weights or physics."""

import keras
import numpy as np
import pytest

from tasks.core.files.view_file import open_view
from tasks.core.study.device import Device, Precision
from tasks.networks import precision as precision_module
from tasks.networks.architectures.params import UnrolledArchitecture
from tasks.networks.architectures.registry import build_network
from tasks.networks.device import use_device
from tasks.networks.exposures import Exposures, Optics
from tasks.networks.precision import choose_precision, cpu_flags, layers_in
from tasks.reconstruct.network_stage import predict_object

use_device(Device.CPU)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"avx2"}, Precision.FLOAT32),
        (set(), Precision.FLOAT32),
        ({"avx512_bf16"}, Precision.MIXED_BFLOAT16),
        ({"amx_bf16", "avx2"}, Precision.MIXED_BFLOAT16),
    ],
)
def test_the_processor_is_asked(monkeypatch, flags, expected):
    monkeypatch.setattr(precision_module, "cpu_flags", lambda: flags)
    assert choose_precision(Precision.AUTO, "cpu") is expected
    assert choose_precision(Precision.FLOAT32, "cpu") is Precision.FLOAT32
    assert choose_precision(Precision.MIXED_BFLOAT16, "cpu") is Precision.MIXED_BFLOAT16


@pytest.mark.parametrize(
    ("capability", "expected"),
    [(7.5, Precision.FLOAT32), (8.0, Precision.MIXED_BFLOAT16), (9.0, Precision.MIXED_BFLOAT16)],
)
def test_the_gpu_is_asked(monkeypatch, capability, expected):
    class Gpu:
        @staticmethod
        def compute_capability():
            return capability

    monkeypatch.setattr(precision_module, "framework", lambda: Gpu)
    assert choose_precision(Precision.AUTO, "cuda") is expected


def test_flags_are_read_from_the_system(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nflags\t\t: fpu sse avx512_bf16\n")
    assert cpu_flags(tmp_path / "cpuinfo") == {"fpu", "sse", "avx512_bf16"}
    assert cpu_flags(tmp_path / "missing") == set()


@pytest.mark.slow
def test_layers_alone_compute_in_bfloat16(small_scan):
    exposures = Exposures.streamed(open_view(small_scan / "test.cxi", small_scan / "test.json"))
    objects = []
    for precision in (Precision.FLOAT32, Precision.MIXED_BFLOAT16):
        with layers_in(precision):
            network = build_network(
                UnrolledArchitecture(passes=2, channels=(8, 8)),
                Optics.of(exposures.probe_modes),
                seed=1,
            )
        assert network.compute_dtype == "float32"
        assert {weight.dtype for weight in network.weights} == {"float32"}
        objects.append(predict_object(network, exposures, 32).object_)
    assert {layer.compute_dtype for layer in network.unet.layers} == {"bfloat16"}
    assert keras.config.dtype_policy().name == "float32"
    assert not np.array_equal(*objects)
    np.testing.assert_allclose(*objects, atol=0.03)
