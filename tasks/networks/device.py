"""Where the networks run: repeatable on one processor thread, or on a GPU.

Each framework has a module of its own, imported only in a process that runs on it, because
TensorFlow and torch never share one.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, cast

import keras

from tasks.core.study.device import Backend, Device


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
