"""A Gaussian beam at or beside its waist."""

import numpy as np
from numpy.typing import NDArray

from tasks.core.physics.probe import radius_px, unit_energy
from tasks.core.probes.kinds import ProbeKind, RoundProbeOptions


def gaussian(options: RoundProbeOptions) -> NDArray[np.complex128]:
    """Return a Gaussian beam with a spherical phase (Siegman, Lasers (1986), ch. 17).

    The intensity falls to one half at half of `diameter_px` from the axis, where the phase is
    `curvature_rad`. 90 % of the energy lie within 1.823 times that diameter.
    """
    reduced = (2 * radius_px(options.n_px) / options.diameter_px) ** 2
    return unit_energy(np.exp((1j * options.curvature_rad - np.log(2) / 2) * reduced))


GAUSSIAN = ProbeKind(gaussian, "Lower diameter_px ({diameter_px})")
