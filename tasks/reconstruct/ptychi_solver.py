"""pty-chi on one scan: the loop over its epochs, and what is done between them.

LSQML: Odstrcil, Menzel & Guizar-Sicairos, Opt. Express 26, 3108 (2018). The probe is known and
stays fixed; the object starts flat, or from another arm's.
"""

import logging
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tasks.core.files.object_file import ObjectWindow, write_object
from tasks.core.files.scan_record import Scan
from tasks.core.physics.forward import extrapolate
from tasks.core.study.device import Device
from tasks.reconstruct.ptychi_solver_task import (
    MARGIN_PX,
    AnySettings,
    build_task,
    count_by_poisson,
)
from tasks.reconstruct.solver_settings import SolverSettings
from tasks.reconstruct.total_variation import smooth_by_total_variation

OnEpoch = Callable[[int, float, ObjectWindow], None]
Object = NDArray[np.complex64]
PTYCHI_CURE = "Lower batch_size or switch accelerate off."


@dataclass(frozen=True)
class Solution:
    """What the solver found.

    Attributes:
        window: The object over the bounding box of all patches, complex64.
        losses: Mean squared error of the square roots of the counts, seen during each epoch; zero
            for masked pixels.
        options: All options of pty-chi, as JSON.
    """

    window: ObjectWindow
    losses: list[float]
    options: dict[str, Any]
    device: str


@dataclass
class DivergedError(FloatingPointError):
    """The loss or the object of an epoch is not finite; the last loss is the bad one."""

    settings: AnySettings
    losses: list[float]
    last_good: ObjectWindow
    cure: str = PTYCHI_CURE

    def __str__(self) -> str:
        """Say what happened, with what, and the cure."""
        return (
            f"pty-chi diverged: the loss of epoch {len(self.losses)} is {self.losses[-1]:.4g} and "
            f"loss or object are not finite, the last good epoch was {len(self.losses) - 1} with "
            f"{self.settings}. {self.cure}"
        )

    def keep(self, reconstruction: Path) -> FloatingPointError:
        """Write what is good beside the output that will not be, and name it in the message."""
        path = reconstruction.with_name(f"{reconstruction.stem}_diverged.h5")
        facts: dict[str, Any] = {
            "settings": asdict(self.settings),
            "losses": [str(loss) for loss in self.losses],
            "last_good_epoch": len(self.losses) - 1,
        }
        write_object(path, ObjectWindow(self.last_good.object_, self.last_good.origin_px, facts))
        return FloatingPointError(f"{self} The last good object and its settings: {path.name}")


def solve(
    scan: Scan,
    settings: SolverSettings,
    initial: ObjectWindow,
    device: Device,
    on_epoch: OnEpoch,
    n_threads: int = 1,
) -> Solution:
    """Reconstruct the object of a checked scan (`check_scan`) from an initial one over its box.

    `on_epoch` is told the number of every finished epoch, from 1, its loss, and the object.

    Raises:
        DivergedError: If loss or object are not finite; it holds the last good object.
        ValueError: If a GPU is asked for and there is none.
    """
    torch_device = prepare_torch(device, n_threads)
    task = build_task(scan, settings, initial, torch_device)

    def smooth(epoch: int, found: Object, previous: Object) -> Object:
        current = smooth_by_total_variation(found, settings.total_variation_weight)
        if epoch < settings.n_epochs:
            follow = extrapolate(current, previous, epoch) if settings.accelerate else current
            with torch.no_grad():
                task.object.set_data(follow[None])
        return current

    epochs = _epochs(task, settings)
    window, losses = follow_epochs(task, settings, initial, epochs, smooth, on_epoch)
    return Solution(window, losses, task.get_options_as_dict(), torch_device)


def follow_epochs(
    task: Any,
    settings: AnySettings,
    initial: ObjectWindow,
    epochs: Iterable[tuple[float, Object]],
    finish: Callable[[int, Object, Object], Object],
    on_epoch: OnEpoch,
    cure: str = PTYCHI_CURE,
) -> tuple[ObjectWindow, list[float]]:
    """Take in losses and objects of epochs as they come; return the last object, and all losses.

    Each object (H, W) is finished by a function of its number, from 1, itself and the one before.
    DivergedError if loss or object are not finite; it holds the last good object.
    """
    losses: list[float] = []
    current = object_of(task)
    for epoch, (loss, found) in enumerate(epochs, start=1):
        losses.append(loss)
        if not (math.isfinite(loss) and np.all(np.isfinite(found))):
            raise DivergedError(settings, losses, inner_part(current, initial), cure)
        current = finish(epoch, found, current)
        on_epoch(epoch, loss, inner_part(current, initial))
    return inner_part(current, initial), losses


def _epochs(task: Any, settings: SolverSettings) -> Iterator[tuple[float, NDArray[np.complex64]]]:
    """Run a task epoch by epoch; yield the loss and the object of each."""
    for number in range(settings.n_epochs):
        if number and number == settings.gaussian_epochs:
            count_by_poisson(task)
        yield run_epoch(task), object_of(task)


def run_epoch(task: Any) -> float:
    """Run a task for an epoch; return its loss."""
    task.run(1)
    return float(task.reconstructor.loss_tracker.table["loss"].iloc[-1])


def object_of(task: Any) -> NDArray[np.complex64]:
    """Return the object of a task with its margin, shape (H, W)."""
    values: NDArray[np.complex64] = task.get_data_to_cpu("object", as_numpy=True)[0]
    return values


def inner_part(padded: NDArray[np.complexfloating], initial: ObjectWindow) -> ObjectWindow:
    """Return the object without the margin that pty-chi wants."""
    inner = padded[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    return ObjectWindow(inner.astype(np.complex64), initial.origin_px)


def prepare_torch(device: Device, n_threads: int) -> str:
    """Set the threads that compute, quieten pty-chi's log, and return `cpu` or `cuda`.

    ValueError if a GPU is asked for and torch sees none.
    """
    has_gpu = torch.cuda.is_available()
    if device is Device.CUDA and not has_gpu:
        raise ValueError(
            "device=cuda was asked for, but torch sees no GPU. Use device auto or cpu, or install "
            "a torch that was built for this machine's GPU."
        )
    torch.set_num_threads(n_threads)
    logging.getLogger("ptychi").setLevel(logging.WARNING)
    # Advice to start many processes on several GPUs, at every build.
    logging.getLogger("ptychi.reconstructors.ad_general").setLevel(logging.ERROR)
    return "cuda" if has_gpu and device is not Device.CPU else "cpu"
