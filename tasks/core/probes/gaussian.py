"""A Gaussian beam at or beside its waist."""

import numpy as np
from pydantic import BaseModel, Field

from tasks.core import Complex128
from tasks.core.physics.probe import radius_px, unit_energy


class RoundProbeOptions(BaseModel):
    """Size and curvature of a round beam."""

    diameter_px: float = Field(
        20.0,
        gt=0,
        allow_inf_nan=False,
        description="Gaussian: full width at half maximum of the intensity; disc: diameter [px]",
    )
    curvature_rad: float = Field(
        0.0,
        allow_inf_nan=False,
        description="Gaussian, disc: phase at half the diameter from the axis [rad]",
    )


def gaussian(n_px: int, options: RoundProbeOptions) -> Complex128:
    """Return a Gaussian beam with a spherical phase (Siegman, Lasers (1986), ch. 17).

    The intensity falls to one half at half of `diameter_px` from the axis, where the phase is
    `curvature_rad`. 90 % of the energy lie within 1.823 times that diameter.
    """
    reduced = (2 * radius_px(n_px) / options.diameter_px) ** 2
    return unit_energy(np.exp((1j * options.curvature_rad - np.log(2) / 2) * reduced))
