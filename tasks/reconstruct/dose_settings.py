"""Settings of the iterative arm that follow from the dose: the one place where they are chosen.

The dose on the sample, photons per object pixel, decides rather than photons per pattern: a
sparse view at 1e4 photons per pattern leaves an object pixel with as few photons as a dense
one at 1.4e3, and needs the same regularisation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.core.scan import measure_overlap
from tasks.reconstruct.params import NoiseModel, PtyChiParams

POISSON_BELOW_PHOTONS_PER_PX = 100.0


@dataclass(frozen=True)
class SolverSettings:
    """What the solver is run with; nothing is left to be decided.

    Attributes:
        n_epochs: Passes over all patterns.
        batch_size: Patterns of one minibatch.
        noise_model: Statistics of a detector pixel.
        accelerate: Whether Nesterov's acceleration acts between epochs.
        total_variation_weight: Strength of the smoothing after each epoch; 0 for none.
        seed: Seed of the order of minibatches.
    """

    n_epochs: int
    batch_size: int
    noise_model: NoiseModel
    accelerate: bool
    total_variation_weight: float
    seed: int


def photons_per_object_px(
    diffraction_counts: NDArray[np.unsignedinteger], positions_px: NDArray[np.floating]
) -> float:
    """Return the photons that a scan detected per pixel of the scanned area.

    Args:
        diffraction_counts: Counts [photons / px], shape (J, N, N).
        positions_px: Positions (y, x) [px], shape (J, 2).

    Returns:
        Mean photons of a pattern over the area that one exposure has for itself [photons / px].
    """
    photons = float(diffraction_counts.sum(dtype=np.float64)) / len(diffraction_counts)
    return photons / measure_overlap(positions_px, 1.0).step_px ** 2


def settings_for(params: PtyChiParams, photons_per_px: float, seed: int) -> SolverSettings:
    """Fill in what the parameters leave to the dose.

    Args:
        params: Parameters of the stage.
        photons_per_px: Dose on the sample [photons / object px].
        seed: Seed of the order of minibatches.

    Returns:
        Complete settings.
    """
    faint = photons_per_px < POISSON_BELOW_PHOTONS_PER_PX
    noise_model, weight = params.noise_model, params.total_variation_weight
    if noise_model is None:
        noise_model = NoiseModel.POISSON if faint else NoiseModel.GAUSSIAN
    if weight is None:
        weight = 0.03 if faint else 0.0
    return SolverSettings(
        n_epochs=params.n_epochs,
        batch_size=params.batch_size,
        noise_model=noise_model,
        accelerate=params.accelerate,
        total_variation_weight=weight,
        seed=seed,
    )
