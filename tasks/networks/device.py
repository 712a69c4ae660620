"""Where the networks run, repeatable on one processor thread or on a GPU, and how precisely.

A framework is imported only in a process that runs on it: TensorFlow and torch never share one.
Weights and physics are always float32; layers alone may compute in bfloat16, which pays where the
processor multiplies it by itself.
"""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import keras

from tasks.core.study.device import Backend, Device, Precision

BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
BFLOAT16_CAPABILITY = 8.0
CPU_INFO = Path("/proc/cpuinfo")


class TensorFlow:
    """How TensorFlow is asked and set."""

    without_gradients = nullcontext

    def __init__(self) -> None:
        import tensorflow as tf

        self._tf = tf

    def n_gpus(self) -> int:
        """Return the number of GPUs that it sees."""
        return len(self._tf.config.list_physical_devices("GPU"))

    def use_cpu(self) -> None:
        """Compute on one processor thread."""
        if self._tf.config.list_physical_devices("GPU"):
            self._tf.config.set_visible_devices([], "GPU")
        if self._tf.config.threading.get_intra_op_parallelism_threads() != 1:
            self._tf.config.threading.set_intra_op_parallelism_threads(1)
            self._tf.config.threading.set_inter_op_parallelism_threads(1)

    def use_gpu(self) -> None:
        """Compute on the GPU, taking its memory as needed; the order of its sums is its own."""
        for gpu in self._tf.config.list_physical_devices("GPU"):
            self._tf.config.experimental.set_memory_growth(gpu, True)

    def compute_capability(self) -> float:
        """Return the compute capability of the first GPU, 0 where there is none."""
        gpus = self._tf.config.list_physical_devices("GPU")
        if not gpus:
            return 0.0
        details = self._tf.config.experimental.get_device_details(gpus[0])
        major, minor = details.get("compute_capability", (0, 0))
        return float(major) + float(minor) / 10


class Torch:
    """How torch is asked and set."""

    def __init__(self) -> None:
        import torch

        self._torch = torch

    def n_gpus(self) -> int:
        """Return the number of GPUs that it sees."""
        return int(self._torch.cuda.device_count())

    def use_cpu(self) -> None:
        """Compute on one processor thread."""
        self._torch.set_num_threads(1)
        if self._torch.get_num_interop_threads() != 1:
            self._torch.set_num_interop_threads(1)
        self._torch.use_deterministic_algorithms(True)
        # Never left: from here on the process computes on the processor, even beside a GPU.
        keras.device("cpu").__enter__()

    def use_gpu(self) -> None:
        """Compute on the GPU; where torch has no repeatable algorithm it warns."""
        self._torch.use_deterministic_algorithms(True, warn_only=True)
        keras.device("cuda").__enter__()

    def compute_capability(self) -> float:
        """Return the compute capability of the first GPU, 0 where there is none."""
        if not self._torch.cuda.device_count():
            return 0.0
        major, minor = self._torch.cuda.get_device_capability(0)
        return float(major) + float(minor) / 10

    def without_gradients(self) -> AbstractContextManager[object]:
        """Return a context in which no gradients are prepared."""
        return self._torch.no_grad()


FRAMEWORKS: dict[str, type[TensorFlow] | type[Torch]] = {
    Backend.TENSORFLOW.value: TensorFlow,
    Backend.TORCH.value: Torch,
}


def framework() -> TensorFlow | Torch:
    """Return the framework that Keras runs on in this process; a ValueError if on another one."""
    name = keras.backend.backend()
    if name not in FRAMEWORKS:
        raise ValueError(
            f"Networks run on TensorFlow or torch, got the Keras backend {name!r}. Set "
            f"KERAS_BACKEND=tensorflow or KERAS_BACKEND=torch."
        )
    return FRAMEWORKS[name]()


def use_device(device: Device, backend: Backend | None = None) -> str:
    """Choose the device of this process before anything is computed; return `cpu` or `cuda`.

    On the processor one thread is used: two threads of one process are slower than two processes,
    and sums are then always taken in the same order.

    Raises:
        ValueError: If Keras runs on another backend than the one asked for, or there is no GPU.
    """
    name = keras.backend.backend()
    if backend is not None and name != backend:
        raise ValueError(
            f"The parameters ask for the backend {backend.value}, but Keras runs on {name} in "
            f"this process. Set KERAS_BACKEND={backend.value} before it starts."
        )
    chosen = framework()
    n_gpus = chosen.n_gpus()
    if device is Device.CUDA and not n_gpus:
        raise ValueError(f"No GPU is visible to {name}. Choose device auto or cpu.")
    if device is Device.CPU or not n_gpus:
        chosen.use_cpu()
        return "cpu"
    chosen.use_gpu()
    return "cuda"


def without_gradients() -> AbstractContextManager[object]:
    """Return a context for inference, in which the framework prepares no gradients."""
    return framework().without_gradients()


def choose_precision(requested: Precision, device: str) -> Precision:
    """Return the precision to compute in.

    `auto` takes bfloat16 where the hardware multiplies it: processors with AVX512-BF16 or AMX-BF16,
    GPUs of compute capability 8 and above.
    """
    if requested is not Precision.AUTO:
        return requested
    if device == "cuda":
        has_bfloat16 = framework().compute_capability() >= BFLOAT16_CAPABILITY
    else:
        has_bfloat16 = bool(BFLOAT16_FLAGS & cpu_flags())
    return Precision.MIXED_BFLOAT16 if has_bfloat16 else Precision.FLOAT32


def cpu_flags(cpu_info: Path = CPU_INFO) -> set[str]:
    """Return what the processor can do; nothing where the system does not tell."""
    if sys.platform != "linux" or not cpu_info.is_file():
        return set()
    for line in cpu_info.read_text().splitlines():
        name, _, flags = line.partition(":")
        if name.strip() == "flags":
            return set(flags.split())
    return set()


@contextmanager
def layers_in(precision: Precision) -> Iterator[None]:
    """Let the layers that are built in the block compute in a precision."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision.value)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
