"""Torch's side of `tasks.networks.device`; of the networks nothing else imports torch by name."""

import keras
import torch


def n_gpus() -> int:
    """Return the number of GPUs that torch sees."""
    return int(torch.cuda.device_count())


def use_cpu() -> None:
    """Compute on one processor thread, so that sums are always taken in the same order."""
    torch.set_num_threads(1)
    if torch.get_num_interop_threads() != 1:
        torch.set_num_interop_threads(1)
    torch.use_deterministic_algorithms(True)
    # Never left: from here on the process computes on the processor, even where there is a GPU.
    keras.device("cpu").__enter__()


def use_gpu() -> None:
    """Compute on the GPU; where torch has no repeatable algorithm it warns."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    keras.device("cuda").__enter__()


def compute_capability() -> float:
    """Return the compute capability of the first GPU, 0 where there is none."""
    if not n_gpus():
        return 0.0
    major, minor = torch.cuda.get_device_capability(0)
    return float(major) + float(minor) / 10


def without_gradients() -> torch.no_grad:
    """Return a context in which no gradients are prepared."""
    return torch.no_grad()
