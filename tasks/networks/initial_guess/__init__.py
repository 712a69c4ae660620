"""The initial guess of an object, from counts, probe and positions alone: nothing is learned."""

import numpy as np
from numpy.typing import NDArray

from tasks.core.geometry.overlap import measure_overlap
from tasks.core.geometry.patches import Window
from tasks.core.physics.probe import energy_diameter_px
from tasks.networks.exposures import Exposures
from tasks.networks.initial_guess.closed_form import closed_form_guess, flat_guess
from tasks.networks.initial_guess.sweeps import LARGEST_PERIOD, Sweeper, momentum

SIMULTANEOUS_PASSES = 3
DENSE_SWEEPS = 7
SPARSE_SWEEPS = 47
DENSE_STRAIGHTENED_EVERY = 2
SPARSE_STRAIGHTENED_EVERY = 3


def initial_guess(exposures: Exposures, canvas: Window) -> NDArray[np.complex64]:
    """Return the initial guess of a whole scan on its canvas, zero where no light falls.

    Where neighbours overlap well: the closed form, a few sequential sweeps, and simultaneous
    passes that average their noise. Where each exposure stands nearly alone phase travels slowly
    whatever the order, and the closed form knows too few gradients to be worth more than a flat
    object: many sweeps then. The global phase is arbitrary.
    """
    step_px = measure_overlap(exposures.positions_px, 1.0).step_px
    reach = energy_diameter_px(exposures.probe_modes) / step_px
    period = int(np.clip(np.rint(reach), 1, LARGEST_PERIOD))
    sweeper = Sweeper.of(exposures, canvas, step_px, period)
    if period > 1:
        guess, n_sweeps = closed_form_guess(exposures, canvas), DENSE_SWEEPS
        every = DENSE_STRAIGHTENED_EVERY
    else:
        guess, n_sweeps = flat_guess(exposures, canvas), SPARSE_SWEEPS
        every = SPARSE_STRAIGHTENED_EVERY
    current = leading = guess
    for number in range(1, n_sweeps + SIMULTANEOUS_PASSES + 1):
        if number <= n_sweeps:
            straighten = number > 1 and number % every == 1
            found, turn = sweeper.sequential(leading, straighten)
            found, current = found * turn, current * turn
        else:
            found = leading + sweeper.physics.step(leading)
        leading = found + np.float32(momentum(number)) * (found - current)
        current = found
    return np.where(sweeper.physics.illumination > 0, current, 0).astype(np.complex64)
