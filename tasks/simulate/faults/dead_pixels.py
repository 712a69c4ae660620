"""Dead pixels: some always read zero."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tasks.core.files.scan_record import PixelFault
from tasks.simulate.faults.fault import CountsStep, Fault, Reading, Streams, share_of_pixels

STREAM = 12
DEAD = np.uint32(PixelFault.DEAD)


class DeadPixelParams(BaseModel):
    """How many there are."""

    dead_pixel_fraction: float = Field(
        0.0, ge=0, le=0.5, description="Share of the pixels that always read zero"
    )


def choose_pixels(params: DeadPixelParams, n_px: int, streams: Streams) -> NDArray[np.uint32]:
    """Return the bits of the dead pixels, shape (n_px, n_px)."""
    return share_of_pixels(params.dead_pixel_fraction, n_px, streams(STREAM)) * DEAD


def read_zero(
    _params: DeadPixelParams, mask: NDArray[np.uint32], _streams: Streams
) -> CountsStep | None:
    """Return the step after which the dead pixels read zero."""
    dead = (mask & DEAD) != 0

    def clear(reading: Reading) -> Reading:
        return replace(reading, counts=np.where(dead, np.uint32(0), reading.counts))

    return clear if dead.any() else None


DEAD_PIXELS = Fault(
    DeadPixelParams,
    streams=(STREAM,),
    mask=choose_pixels,
    counts=read_zero,
    examples={"dead_pixel_fraction 0.05": {"dead_pixel_fraction": 0.05}},
)
