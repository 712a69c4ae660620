"""The first guess of an object, from counts, probe and positions alone: nothing is learned."""

import numpy as np
from numpy.typing import NDArray

from tasks.core.probe import energy_diameter_px
from tasks.core.scan import measure_overlap
from tasks.networks.batches import Canvas
from tasks.networks.exposures import Exposures
from tasks.networks.start.closed_form import closed_form_guess
from tasks.networks.start.sweeps import LARGEST_PERIOD, Sweeper, momentum

SEQUENTIAL_SWEEPS = 7
SIMULTANEOUS_PASSES = 3
SPARSE_PASSES = 50
STRAIGHTENED_AFTER = (3, 5, 7)

__all__ = ["closed_form_guess", "first_guess"]


def first_guess(exposures: Exposures, canvas: Canvas) -> NDArray[np.complex64]:
    """Return the first guess of a whole scan on its canvas.

    Where neighbours overlap well: the closed form, sequential sweeps, and a few simultaneous
    passes. Where each exposure stands nearly alone no order of the patterns helps: many
    simultaneous passes then.

    Args:
        exposures: The scan.
        canvas: Window that holds every patch.

    Returns:
        Object, shape (H, W); zero where no light falls. Its global phase is arbitrary.
    """
    step_px = measure_overlap(exposures.positions_px, 1.0).step_px
    reach = energy_diameter_px(exposures.probe_modes) / step_px
    period = int(np.clip(np.rint(reach), 1, LARGEST_PERIOD))
    sweeper = Sweeper.of(exposures, canvas, step_px, period)
    n_sequential = SEQUENTIAL_SWEEPS if period > 1 else 0
    n_passes = n_sequential + SIMULTANEOUS_PASSES if period > 1 else SPARSE_PASSES
    current = leading = closed_form_guess(exposures, canvas)
    for number in range(1, n_passes + 1):
        if number <= n_sequential:
            found, lags = sweeper.sequential(leading)
            if number in STRAIGHTENED_AFTER:
                turn = sweeper.straighten(lags)
                found, current = found * turn, current * turn
        else:
            found = leading + sweeper.physics.step(leading)
        leading = found + np.float32(momentum(number)) * (found - current)
        current = found
    return np.where(sweeper.physics.illumination > 0, current, 0).astype(np.complex64)
