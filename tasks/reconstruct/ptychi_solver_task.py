"""A task of pty-chi from a scan: where everything lies, and in which units.

Geometry. pty-chi cuts the patch of position p at round(p + origin - (N - 1) / 2) and shifts the
probe by p - round(p). With the origin -0.5 the patch starts at round(p) - N / 2, so that its
pixel N // 2 lies at p, as everywhere in this project.

pty-chi's Fourier transform is not normalised, ours is unitary: its probe is ours over N.

It is given every incoherent mode of the probe, and the pixels that can be trusted: others pull at
nothing. A full well is one of a pattern, not of the detector, and stays in.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tasks.core.files.atomic_files import scratch_array
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_file import Scan
from tasks.reconstruct.ptychi_solver_options import solver_options
from tasks.reconstruct.solver_settings import SolverSettings

# After the options: they import torchvision in a way that works.
import ptychi.api as api  # isort: skip
import ptychi.forward_models as forward_models  # isort: skip
import ptychi.maths as ptychi_maths  # isort: skip
from ptychi.api.task import PtychographyTask  # isort: skip

# pty-chi pads the object, with a warning at every minibatch, unless two pixels are to spare.
MARGIN_PX = 2
PATTERNS_AT_ONCE = 256


def build_task(
    scan: Scan,
    settings: SolverSettings,
    start: ObjectWindow,
    torch_device: str,
    free: Callable[[Any], None] | None = None,
) -> Any:
    """Return pty-chi's task for a scan.

    Args:
        scan: Checked scan.
        settings: Complete settings.
        start: Object to start from, over the bounding box of all patches; the task's object is
            larger by a margin, which no light reaches.
        torch_device: `cpu` or `cuda`.
        free: Changes the options so that more than the object is refined; none: nothing else is.
    """
    # Before any tensor is made: the precision of the first transforms would else be double.
    ptychi_maths.set_use_double_precision_for_fft(False)
    padded = np.pad(start.object_.astype(np.complex64), MARGIN_PX, mode="edge")
    positions = scan.positions_px - np.asarray(start.origin_px) + MARGIN_PX
    positions = positions.astype(np.float32)
    options = solver_options(settings, torch_device)
    if free is not None:
        free(options)
    with torch.no_grad():
        task = PtychographyTask(
            options,
            diffraction_data=_mapped_patterns(scan),
            object_data=padded[None],
            probe_data=(scan.probe_modes / scan.n_px).astype(np.complex64)[None],
            probe_position_y_px=positions[:, 0],
            probe_position_x_px=positions[:, 1],
            valid_pixel_mask=np.fft.fftshift(scan.good_pixels),
        )
    _count_good_pixels_alone(task)
    # random_seed does not reach the order of the minibatches.
    task.reconstructor.dataloader.generator.manual_seed(settings.seed)
    return task


def count_by_poisson(task: Any) -> None:
    """Let a task of LSQML go on with Poisson's likelihood in place of Gauss's."""
    solver, mask = task.reconstructor, task.dataset.valid_pixel_mask
    solver.options.noise_model = api.NoiseModels.POISSON
    solver.noise_model = forward_models.PtychographyPoissonNoiseModel(
        valid_pixel_mask=mask.clone(),
        exclude_measured_pixels_below=solver.options.exclude_measured_pixels_below,
    )
    solver.build_noise_model()


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
    """Leave masked pixels out of the loss too, where pty-chi leaves them out of its steps alone.

    Its automatic differentiation has picked the good pixels, as a list, before it asks.
    """
    good, tracker = task.dataset.valid_pixel_mask, task.reconstructor.loss_tracker
    metric = tracker.metric_function
    if not good.all():

        def masked(predicted: torch.Tensor, measured: torch.Tensor) -> Any:
            if predicted.shape[-2:] != good.shape:
                return metric(predicted, measured)
            return metric(
                predicted * good.to(predicted.device), measured * good.to(measured.device)
            )

        tracker.metric_function = masked
