"""The beam stop, right before the sensor: a disc about the zero frequency that sees no light."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tasks.core.files.scan_record import PixelFault
from tasks.core.physics.probe import radius_px
from tasks.simulate.faults.fault import CountsStep, Fault, Reading, Streams

SHADOWED = np.uint32(PixelFault.SHADOWED)


class BeamStopParams(BaseModel):
    """How large its shadow is."""

    beam_stop_radius_px: float = Field(
        0.0, ge=0, le=256, description="Radius of the beam stop's shadow; 0 is none [px]"
    )


def shadow(params: BeamStopParams, n_px: int, _streams: Streams) -> NDArray[np.uint32]:
    """Return the bits of the pixels in the shadow, shape (n_px, n_px)."""
    is_shaded = (radius_px(n_px) <= params.beam_stop_radius_px) & (params.beam_stop_radius_px > 0)
    return is_shaded * SHADOWED


def take_light_away(
    _params: BeamStopParams, mask: NDArray[np.uint32], _streams: Streams
) -> CountsStep | None:
    """Return the step that leaves no photon in the shadow, of whatever origin."""
    shaded = (mask & SHADOWED) != 0

    def shade(reading: Reading) -> Reading:
        return replace(reading, counts=np.where(shaded, np.uint32(0), reading.counts))

    return shade if shaded.any() else None


BEAM_STOP = Fault(
    BeamStopParams,
    mask=shadow,
    counts=take_light_away,
    examples={"beam_stop_radius_px 4": {"beam_stop_radius_px": 4.0}},
)
