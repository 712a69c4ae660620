"""pty-chi's options for each algorithm: probe and positions fixed, single precision.

The settings of ePIE and of the gradient descent by automatic differentiation are those that were
found good among many: with pty-chi's defaults ePIE's sum of updates is unstable in large
minibatches of a dense scan, and stochastic gradient descent with step 1, or Adam on the Poisson
likelihood, ends in values that are not finite.
"""

from typing import Any

from tasks.reconstruct.params import Algorithm, NoiseModel
from tasks.reconstruct.solver_settings import SolverSettings
from tasks.reconstruct.torchvision_import import import_torchvision

import_torchvision()

import ptychi.api as api  # noqa: E402

EPIE_ALPHA = 0.1
EPIE_STEP = 1.0
ADAM_STEP = 1e-2


def solver_options(settings: SolverSettings, torch_device: str) -> Any:
    """Return all options of a run."""
    options = {
        Algorithm.LSQML: _lsqml_options,
        Algorithm.EPIE: _epie_options,
        Algorithm.AUTODIFF: _autodiff_options,
    }[settings.algorithm](settings)
    solver = options.reconstructor_options
    solver.num_epochs = settings.n_epochs
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
