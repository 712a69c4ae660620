"""Phases as every comparison and figure reads them: relative to the truth, on its branch."""

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complexfloating]
Real = NDArray[np.floating]


def wrap(phase_rad: Real) -> Real:
    """Return phases [rad] in [-pi, pi]."""
    return np.asarray(phase_rad - 2 * np.pi * np.round(phase_rad / (2 * np.pi)))


def phase_from_minimum(true_object: Complex, mask: NDArray[np.bool_]) -> Real:
    """Return the phase [rad] of the truth, zero at its minimum in the mask.

    Phases are cut half a turn away from their circular mean, so that a truth around pi is
    as good as one around zero.
    """
    phase = np.angle(true_object * np.conj(true_object[mask].sum()))
    return np.asarray(phase - phase[mask].min())


def phase_on_branch(image: Complex, true_angle: Real, true_phase: Real) -> Real:
    """Return the phase [rad] of an image on the truth's branch, at most pi away from it.

    Args:
        image: Image in the frame of the truth, shape (H, W).
        true_angle: Phase [rad] of the true object as `numpy.angle` has it, shape (H, W).
        true_phase: What `phase_from_minimum` made of the true object, shape (H, W).
    """
    return np.asarray(true_phase + wrap(np.angle(image) - true_angle))
