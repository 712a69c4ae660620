"""pty-chi's LSQML on one scan: the only module that knows torch and pty-chi.

LSQML: Odstrcil, Menzel & Guizar-Sicairos, Opt. Express 26, 3108 (2018). The probe is known and
stays fixed; the object starts flat.

Geometry. pty-chi cuts the patch of position p at round(p + origin - (N - 1) / 2) and shifts the
probe by p - round(p). With the origin -0.5 the patch starts at round(p) - N / 2, so that its
pixel N // 2 lies at p, as everywhere in this project.

pty-chi's Fourier transform is not normalised, ours is unitary: its probe is ours over N.

It is given every incoherent mode of the probe, and the pixels that can be trusted: others pull at
nothing. A full well is one of a pattern, not of the detector, and stays in.
"""

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tasks.core.device import Device
from tasks.core.object_file import ObjectWindow
from tasks.core.patches import split_positions
from tasks.core.scan_file import Scan
from tasks.core.scratch_array import scratch_array
from tasks.reconstruct.acceleration import extrapolate
from tasks.reconstruct.dose_settings import SolverSettings
from tasks.reconstruct.scan_checks import mean_transmission
from tasks.reconstruct.torchvision_import import import_torchvision
from tasks.reconstruct.total_variation import smooth_by_total_variation

import_torchvision()

import ptychi.api as api  # noqa: E402
import ptychi.maths as ptychi_maths  # noqa: E402
from ptychi.api.task import PtychographyTask  # noqa: E402

# pty-chi pads the object, with a warning at every minibatch, unless two pixels are to spare.
MARGIN_PX = 2
PATTERNS_AT_ONCE = 256


@dataclass(frozen=True)
class Solution:
    """What the solver found.

    Attributes:
        window: The object over the bounding box of all patches, complex64.
        losses: Mean squared error of the square roots of the counts, seen during each epoch; zero
            for masked pixels.
        options: All options of pty-chi, as JSON.
        device: Where it was computed.
    """

    window: ObjectWindow
    losses: list[float]
    options: dict[str, Any]
    device: str


def solve(
    scan: Scan, settings: SolverSettings, device: Device, on_epoch: Callable[[int, float], None]
) -> Solution:
    """Reconstruct the object of a scan.

    Args:
        scan: Checked scan (`check_scan`).
        settings: Complete settings.
        device: Where to compute.
        on_epoch: Told the number of every finished epoch, from 1, and its loss.

    Returns:
        The object and how it was found.

    Raises:
        FloatingPointError: If the loss is not finite.
        ValueError: If a GPU is asked for and there is none.
    """
    _quieten()
    torch_device = _choose_device(device)
    torch.set_num_threads(1)
    task, origin_px = build_task(scan, settings, torch_device)
    losses = []
    current = previous = task.get_data_to_cpu("object", as_numpy=True)[0]
    for epoch, (loss, found) in enumerate(_epochs(task, settings.n_epochs), start=1):
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"pty-chi diverged: the loss of epoch {epoch} is {loss}, the last good epoch was "
                f"{epoch - 1} with {settings}. Lower batch_size or switch accelerate off."
            )
        losses.append(loss)
        current = smooth_by_total_variation(found, settings.total_variation_weight)
        if epoch < settings.n_epochs:
            start = extrapolate(current, previous, epoch) if settings.accelerate else current
            with torch.no_grad():
                task.object.set_data(start[None])
        previous = current
        on_epoch(epoch, loss)
    inner = np.s_[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]
    row, column = (first + MARGIN_PX for first in origin_px)
    return Solution(
        window=ObjectWindow(current[inner].astype(np.complex64), (row, column)),
        losses=losses,
        options=task.get_options_as_dict(),
        device=torch_device,
    )


def build_task(
    scan: Scan, settings: SolverSettings, torch_device: str
) -> tuple[Any, tuple[int, int]]:
    """Return pty-chi's task for a scan, and where its object lies.

    Returns:
        The task, and row and column of its object's first pixel in the frame of the object.
    """
    # Before any tensor is made: the precision of the first transforms would else be double.
    ptychi_maths.set_use_double_precision_for_fft(False)
    nearest, _ = split_positions(scan.positions_px)
    corner = nearest.min(axis=0) - scan.n_px // 2 - MARGIN_PX
    shape = nearest.max(axis=0) + scan.n_px // 2 + MARGIN_PX - corner
    positions = (scan.positions_px - corner).astype(np.float32)
    flat = np.full((1, *shape), math.sqrt(mean_transmission(scan)), dtype=np.complex64)
    with torch.no_grad():
        task = PtychographyTask(
            _lsqml_options(settings, torch_device),
            diffraction_data=_mapped_patterns(scan),
            object_data=flat,
            probe_data=(scan.probe_modes / scan.n_px).astype(np.complex64)[None],
            probe_position_y_px=positions[:, 0],
            probe_position_x_px=positions[:, 1],
            valid_pixel_mask=np.fft.fftshift(scan.good_pixels),
        )
    _count_good_pixels_alone(task)
    # random_seed does not reach the order of the minibatches.
    task.reconstructor.dataloader.generator.manual_seed(settings.seed)
    return task, (int(corner[0]), int(corner[1]))


def _mapped_patterns(scan: Scan) -> torch.Tensor:
    """Return the counts as pty-chi computes with them, on the disk, shape (J, N, N).

    A tensor in single precision that needs no shift is used as it is; from anything else pty-chi
    makes copies in memory.
    """
    counts = scan.diffraction_counts
    patterns = scratch_array(counts.shape, np.float32)
    for start in range(0, len(counts), PATTERNS_AT_ONCE):
        part = slice(start, start + PATTERNS_AT_ONCE)
        patterns[part] = np.fft.fftshift(counts[part], axes=(-2, -1))
    return torch.from_numpy(patterns)


def _count_good_pixels_alone(task: Any) -> None:
    """Leave masked pixels out of the loss too: pty-chi leaves them out of its steps alone."""
    good, tracker = task.dataset.valid_pixel_mask, task.reconstructor.loss_tracker
    metric = tracker.metric_function
    if not good.all():
        tracker.metric_function = lambda predicted, measured: metric(
            predicted * good.to(predicted.device), measured * good.to(measured.device)
        )


def _lsqml_options(settings: SolverSettings, torch_device: str) -> Any:
    """Return pty-chi's options: the probe and the positions fixed, single precision."""
    options = api.LSQMLOptions()
    solver = options.reconstructor_options
    solver.num_epochs = settings.n_epochs
    solver.batch_size = settings.batch_size
    solver.noise_model = api.NoiseModels(settings.noise_model.value)
    solver.default_device = api.Devices.CPU if torch_device == "cpu" else api.Devices.GPU
    solver.random_seed = settings.seed
    solver.allow_nondeterministic_algorithms = False
    solver.rescale_probe_intensity_in_first_epoch = False
    # The steps are those of all modes; with one it is the same, and computed once.
    solver.solve_step_sizes_only_using_first_probe_mode = False
    options.object_options.determine_position_origin_coords_by = (
        api.ObjectPosOriginCoordsMethods.SPECIFIED
    )
    options.object_options.position_origin_coords = [-0.5, -0.5]
    options.object_options.remove_object_probe_ambiguity.enabled = False
    # The patterns come shifted; see `_mapped_patterns`.
    options.data_options.fft_shift = False
    options.probe_options.optimizable = False
    options.probe_position_options.optimizable = False
    return options


def _epochs(task: Any, n_epochs: int) -> Iterator[tuple[float, NDArray[np.complex64]]]:
    """Run a task epoch by epoch; yield the loss and the object of each."""
    for _ in range(n_epochs):
        task.run(1)
        loss = float(task.reconstructor.loss_tracker.table["loss"].iloc[-1])
        yield loss, task.get_data_to_cpu("object", as_numpy=True)[0]


def _choose_device(device: Device) -> str:
    """Return `cpu` or `cuda`.

    Raises:
        ValueError: If a GPU is asked for and torch sees none.
    """
    has_gpu = torch.cuda.is_available()
    if device is Device.CUDA and not has_gpu:
        raise ValueError(
            "device=cuda was asked for, but torch sees no GPU. Use device auto or cpu, or install "
            "a torch that was built for this machine's GPU."
        )
    return "cuda" if has_gpu and device is not Device.CPU else "cpu"


def _quieten() -> None:
    """Keep pty-chi's own bar and its lines per epoch out of the log; warnings stay."""
    logging.getLogger("ptychi").setLevel(logging.WARNING)
