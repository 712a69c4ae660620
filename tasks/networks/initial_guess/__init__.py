"""The initial guess of an object, from counts, probe and positions alone: nothing is learned."""

import logging

import numpy as np
from numpy.typing import NDArray

from tasks.core.geometry.overlap import measure_overlap
from tasks.core.geometry.patches import Window
from tasks.core.physics.probe import energy_diameter_px
from tasks.networks.exposures import Exposures
from tasks.networks.initial_guess.closed_form import closed_form_guess, flat_guess
from tasks.networks.initial_guess.iteration import reconstruct
from tasks.networks.initial_guess.safeguards import (
    all_but_left_out,
    is_nearer,
    predicts_better,
    within_physics,
)
from tasks.networks.initial_guess.sweeps import LARGEST_PERIOD, Sweeper
from tasks.networks.photon_misfit import PhotonMisfit

DENSE_SWEEPS = 7
SPARSE_SWEEPS = 47
DENSE_STRAIGHTENED_EVERY = 2
SPARSE_STRAIGHTENED_EVERY = 3

_LOGGER = logging.getLogger(__name__)


def initial_guess(exposures: Exposures, canvas: Window) -> NDArray[np.complex64]:
    """Return the initial guess of a whole scan on its canvas, zero where no light falls.

    Where neighbours overlap well: the closed form, a few sequential sweeps, and simultaneous
    passes that average their noise. Where each exposure stands nearly alone phase travels slowly
    whatever the order, and the closed form knows too few gradients to be worth more than a flat
    object: many sweeps then. The global phase is arbitrary.

    Where a guess is wrong by far more than photons explain, as on an instrument whose positions or
    modes are not those of the file, three things hold: it begins with a flat object if that is
    nearer to the counts than the closed form; its modulus stays within what the photons allow; and
    if it predicts patterns that were left out no better than a flat object, it is flat, and a
    warning says so.
    """
    found, misfit = _reconstruct(exposures, canvas)
    if not misfit.is_beyond_photons:
        return found
    shown, left_out = all_but_left_out(exposures)
    tried, _ = _reconstruct(shown, canvas)
    flat = flat_guess(exposures, canvas)
    tried = within_physics(tried, shown)
    if predicts_better((tried, flat_guess(shown, canvas)), exposures, canvas, left_out):
        return within_physics(found, exposures)
    _LOGGER.warning(
        "The initial guess predicts patterns that were left out worse than a flat object, so the "
        "flat object is taken. Positions or probe are probably wrong."
    )
    return np.where(found == 0, 0, flat).astype(np.complex64)


def _reconstruct(
    exposures: Exposures, canvas: Window
) -> tuple[NDArray[np.complex64], PhotonMisfit]:
    step_px = measure_overlap(exposures.positions_px, 1.0).step_px
    reach = energy_diameter_px(exposures.probe_modes) / step_px
    period = int(np.clip(np.rint(reach), 1, LARGEST_PERIOD))
    sweeper = Sweeper.of(exposures, canvas, step_px, period)
    guess = flat_guess(exposures, canvas)
    if period == 1:
        return reconstruct(sweeper, guess, SPARSE_SWEEPS, SPARSE_STRAIGHTENED_EVERY)
    closed = closed_form_guess(exposures, canvas)
    if not is_nearer((guess, closed), exposures, canvas):
        guess = closed
    return reconstruct(sweeper, guess, DENSE_SWEEPS, DENSE_STRAIGHTENED_EVERY)
