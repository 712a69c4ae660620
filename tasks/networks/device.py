"""Where the networks run, repeatable on one processor thread or on a GPU, and how precisely.

Each framework has a module of its own, imported only in a process that runs on it, because
TensorFlow and torch never share one.

Weights and physics are always float32; only layers may compute in bfloat16, which has the range of
float32 and eight bits of mantissa. Convolutions gain from it where the processor multiplies it by
itself, and lose where it has to be emulated, so the machine is asked.
"""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Protocol, cast

import keras

from tasks.core.study.device import Backend, Device, Precision

BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
BFLOAT16_CAPABILITY = 8.0
CPU_INFO = Path("/proc/cpuinfo")


class _Framework(Protocol):
    """What a framework's module offers."""

    def n_gpus(self) -> int: ...

    def use_cpu(self) -> None: ...

    def use_gpu(self) -> None: ...

    def compute_capability(self) -> float: ...


def framework() -> _Framework:
    """Return the module of the framework that Keras runs on in this process.

    Raises:
        ValueError: If Keras runs on another one.
    """
    name = keras.backend.backend()
    if name == Backend.TENSORFLOW:
        from tasks.networks import tensorflow_device

        return cast("_Framework", tensorflow_device)
    if name == Backend.TORCH:
        from tasks.networks import torch_device

        return cast("_Framework", torch_device)
    raise ValueError(
        f"Networks run on TensorFlow or torch, got the Keras backend {name!r}. Set "
        f"KERAS_BACKEND=tensorflow or KERAS_BACKEND=torch."
    )


def use_device(device: Device, backend: Backend | None = None) -> str:
    """Choose the device of this process, before anything was computed on it.

    On the processor one thread is used: two threads of one process are slower than two processes,
    and sums are then always taken in the same order. On a GPU memory is taken as needed.

    Args:
        device: `cpu`, `cuda`, or `auto` for a GPU where there is one.
        backend: Framework that this process must run on; any by default.

    Returns:
        `cpu` or `cuda`.

    Raises:
        ValueError: If Keras runs on another framework, or a GPU is asked for and there is none.
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
    if keras.backend.backend() == Backend.TORCH:
        from tasks.networks import torch_device

        return torch_device.without_gradients()
    return nullcontext()


def choose_precision(requested: Precision, device: str) -> Precision:
    """Return the precision to compute in.

    Args:
        requested: What was asked for; `auto` takes bfloat16 where the hardware multiplies it:
            processors with AVX512-BF16 or AMX-BF16, GPUs of compute capability 8 and above.
        device: `cpu` or `cuda`, from `use_device`.
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
