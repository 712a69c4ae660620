"""Where the networks run, and what importing their parameters costs."""

import subprocess
import sys

import pytest
import tensorflow as tf

from tasks.core.study.device import Device
from tasks.networks.device import use_device

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
