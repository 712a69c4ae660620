"""Where the networks run and how precisely, and what importing their parameters costs."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tasks.core.files.scan_reader import open_view
from tasks.core.study.device import Device, Precision
from tasks.networks import device as device_module
from tasks.networks.architectures import UnrolledArchitecture
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.device import choose_precision, cpu_flags, layers_in, use_device
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.reconstruct.network_stage import predict_object

use_device(Device.CPU)


def test_the_processor_uses_one_thread():
    assert use_device(Device.CPU) == "cpu"
    assert tf.config.threading.get_intra_op_parallelism_threads() == 1
    assert tf.config.threading.get_inter_op_parallelism_threads() == 1


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="a GPU is there")
def test_a_missing_gpu_is_refused_when_asked_for():
    with pytest.raises(ValueError, match="Choose device auto or cpu"):
        use_device(Device.CUDA)
    assert use_device(Device.AUTO) == "cpu"


@pytest.mark.parametrize("module", ["tasks.train.params", "tasks.reconstruct.params"])
def test_parameters_are_imported_without_a_framework(module):
    script = (
        f"import sys, {module}; "
        "sys.exit(len({'tensorflow', 'keras', 'torch'} & set(sys.modules)))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr


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
    monkeypatch.setattr(device_module, "cpu_flags", lambda: flags)
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

    monkeypatch.setattr(device_module, "framework", lambda: Gpu)
    assert choose_precision(Precision.AUTO, "cuda") is expected


def test_flags_are_read_from_the_system(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nflags\t\t: fpu sse avx512_bf16\n")
    assert cpu_flags(tmp_path / "cpuinfo") == {"fpu", "sse", "avx512_bf16"}
    assert cpu_flags(tmp_path / "missing") == set()


@pytest.mark.slow
def test_layers_alone_compute_in_bfloat16(small_scan):
    exposures = Exposures.of(open_view(small_scan / "test.cxi", small_scan / "test.json"))
    objects = []
    for precision in (Precision.FLOAT32, Precision.MIXED_BFLOAT16):
        with layers_in(precision):
            architecture = UnrolledArchitecture(passes=2, channels=(8, 8))
            network = CanvasNetwork(architecture, InputGeometry.of(exposures.probe_modes), seed=1)
        assert network.compute_dtype == "float32"
        assert {weight.dtype for weight in network.weights} == {"float32"}
        objects.append(predict_object(network, exposures, 32).object_)
    assert {layer.compute_dtype for layer in network.unet.layers} == {"bfloat16"}
    assert keras.config.dtype_policy().name == "float32"
    assert not np.array_equal(*objects)
    np.testing.assert_allclose(*objects, atol=0.03)
