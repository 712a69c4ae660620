"""What every kind of probe is to the others: how it is made, and how it becomes smaller."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field


class ProbeOptions(BaseModel):
    """What every kind of probe has."""

    kind: str = Field("zone_plate", description="Kind of the probe")
    n_px: int = Field(64, ge=16, le=512, multiple_of=2, description="Side of a pattern [px]")


class RoundProbeOptions(ProbeOptions):
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


@dataclass(frozen=True)
class ProbeKind:
    """A kind of probes; its functions know its own options.

    Attributes:
        make: Returns the probe, (N, N), or modes (M, N, N), the strongest first; of unit energy.
        how_to_shrink: What makes it smaller, options in braces: `Lower defocus_rad
            ({defocus_rad})`.
    """

    make: Callable[[Any], NDArray[np.complex128]]
    how_to_shrink: str
