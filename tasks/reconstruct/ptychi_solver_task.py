"""A task of pty-chi from a scan: where everything lies, in which units, and all its options.

pty-chi cuts the patch of position p at round(p + origin - (N - 1) / 2) and shifts the probe by
p - round(p). With the origin -0.5 the patch starts at round(p) - N / 2, so that its pixel N // 2
lies at p, as everywhere in this project. Its Fourier transform is not normalised, ours is unitary:
its probe is ours over N. It is given every incoherent mode and the pixels that can be trusted.

The settings of ePIE and of the gradient descent by automatic differentiation were found good
among many: with pty-chi's defaults ePIE's sum of updates is unstable in large minibatches of a
dense scan, and gradient descent with step 1, or Adam on the Poisson likelihood, does not end in
finite values.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tasks.core.files.atomic_files import scratch_array
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_record import Scan
from tasks.reconstruct.classic.settings import ClassicSettings
from tasks.reconstruct.params import Algorithm, ClassicAlgorithm, NoiseModel
from tasks.reconstruct.solver_settings import SolverSettings
from tasks.reconstruct.torchvision_import import import_torchvision

import_torchvision()

import ptychi.api as api  # noqa: E402
import ptychi.forward_models as forward_models  # noqa: E402
import ptychi.maths as ptychi_maths  # noqa: E402
from ptychi.api.task import PtychographyTask  # noqa: E402

# pty-chi pads the object, with a warning at every minibatch, unless two pixels are to spare.
MARGIN_PX = 2
PATTERNS_AT_ONCE = 256
EPIE_ALPHA = 0.1
EPIE_STEP = 1.0
ADAM_STEP = 1e-2

AnySettings = SolverSettings | ClassicSettings


def build_task(
    scan: Scan,
    settings: AnySettings,
    initial: ObjectWindow,
    torch_device: str,
    free: Callable[[Any], None] | None = None,
) -> Any:
    """Return pty-chi's task for a checked scan, on the `torch_device` `cpu` or `cuda`.

    The object starts as the initial one over the box of the scan, larger by a margin that no light
    reaches. `free` changes the options so that more than the object is refined.
    """
    # Before any tensor is made: the precision of the first transforms would else be double.
    ptychi_maths.set_use_double_precision_for_fft(False)
    padded = np.pad(initial.object_.astype(np.complex64), MARGIN_PX, mode="edge")
    positions = scan.positions_px - np.asarray(initial.origin_px) + MARGIN_PX
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
    """Return counts on the disk, (J, N, N), single and shifted: pty-chi copies anything else."""
    counts = scan.diffraction_counts
    patterns = scratch_array(counts.shape, np.float32)
    for start in range(0, len(counts), PATTERNS_AT_ONCE):
        part = slice(start, start + PATTERNS_AT_ONCE)
        patterns[part] = np.fft.fftshift(counts[part], axes=(-2, -1))
    return torch.from_numpy(patterns)


def _count_good_pixels_alone(task: Any) -> None:
    """Leave masked pixels out of the loss too; automatic differentiation picks the good ones."""
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


def solver_options(settings: AnySettings, torch_device: str) -> Any:
    """Return all options of a run."""
    if isinstance(settings, ClassicSettings):
        options = _CLASSIC_OPTIONS[settings.algorithm](settings)
    else:
        options = _OPTIONS[settings.algorithm](settings)
    solver = options.reconstructor_options
    solver.num_epochs = settings.n_epochs
    if settings.batch_size is not None:
        solver.batch_size = settings.batch_size
    solver.default_device = api.Devices.CPU if torch_device == "cpu" else api.Devices.GPU
    solver.random_seed = settings.seed
    solver.allow_nondeterministic_algorithms = False
    options.object_options.determine_position_origin_coords_by = (
        api.ObjectPosOriginCoordsMethods.SPECIFIED
    )
    options.object_options.position_origin_coords = [-0.5, -0.5]
    options.object_options.remove_object_probe_ambiguity.enabled = False
    # The patterns come shifted.
    options.data_options.fft_shift = False
    options.probe_options.optimizable = False
    options.probe_position_options.optimizable = False
    return options


def _lsqml_options(settings: SolverSettings) -> Any:
    options = api.LSQMLOptions()
    solver = options.reconstructor_options
    first = NoiseModel.GAUSSIAN if settings.gaussian_epochs else settings.noise_model
    solver.noise_model = api.NoiseModels(first.value)
    solver.rescale_probe_intensity_in_first_epoch = False
    # The steps are those of all modes; with one it is the same, and computed once.
    solver.solve_step_sizes_only_using_first_probe_mode = False
    return options


def _epie_options(settings: SolverSettings) -> Any:  # noqa: ARG001
    options = api.EPIEOptions()
    options.object_options.alpha = EPIE_ALPHA
    options.object_options.step_size = EPIE_STEP
    return options


def _autodiff_options(settings: SolverSettings) -> Any:  # noqa: ARG001
    options = api.AutodiffPtychographyOptions()
    options.reconstructor_options.loss_function = api.LossFunctions.MSE_SQRT
    options.object_options.optimizer = api.Optimizers.ADAM
    options.object_options.step_size = ADAM_STEP
    return options


def _classic_epie_options(settings: ClassicSettings) -> Any:
    options = api.EPIEOptions()
    options.object_options.alpha = settings.step
    options.object_options.step_size = 1.0
    return options


def _raar_options(settings: ClassicSettings) -> Any:
    options = api.RAAROptions()
    options.reconstructor_options.displayed_loss_function = None
    options.reconstructor_options.beta = settings.step
    options.reconstructor_options.chunk_length = PATTERNS_AT_ONCE
    return options


def _dm_options(settings: ClassicSettings) -> Any:
    options = api.DMOptions()
    options.reconstructor_options.displayed_loss_function = None
    options.reconstructor_options.exit_wave_update_relaxation = settings.step
    options.reconstructor_options.chunk_length = PATTERNS_AT_ONCE
    return options


_OPTIONS = {
    Algorithm.LSQML: _lsqml_options,
    Algorithm.EPIE: _epie_options,
    Algorithm.AUTODIFF: _autodiff_options,
}
_CLASSIC_OPTIONS = {
    ClassicAlgorithm.EPIE: _classic_epie_options,
    ClassicAlgorithm.RAAR: _raar_options,
    ClassicAlgorithm.DM: _dm_options,
}
