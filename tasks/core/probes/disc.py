"""The shadow of a round pinhole."""

import numpy as np
from scipy.special import expit

from tasks.core import Complex128
from tasks.core.physics.probe import radius_px, unit_energy
from tasks.core.probes.gaussian import RoundProbeOptions


def disc(n_px: int, options: RoundProbeOptions) -> Complex128:
    """Return an evenly lit disc with a spherical phase.

    Its edge is a pixel soft, so that moving it by a fraction of a pixel makes few ripples; the
    curvature is what a convergent beam has, and spreads the photons on the detector.
    """
    radius, edge = radius_px(n_px), options.diameter_px / 2
    phase = options.curvature_rad * (radius / edge) ** 2
    return unit_energy(expit(4 * (edge - radius)) * np.exp(1j * phase))
