"""Hot pixels: some collect counts of their own, with or without light."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tasks.core.files.scan_record import PixelFault
from tasks.simulate.faults.fault import CountsStep, Fault, Reading, Streams, share_of_pixels

PLACES, COUNTS = 10, 11
HOT = np.uint32(PixelFault.HOT)


class HotPixelParams(BaseModel):
    """How many there are, and what they count."""

    hot_pixel_fraction: float = Field(
        0.0, ge=0, le=0.5, description="Share of the pixels that count without light"
    )
    hot_pixel_photons: float = Field(
        1000.0, gt=0, le=1e6, description="Mean counts that a hot pixel adds [photons]"
    )


def choose_pixels(params: HotPixelParams, n_px: int, streams: Streams) -> NDArray[np.uint32]:
    """Return the bits of the hot pixels, shape (n_px, n_px)."""
    return share_of_pixels(params.hot_pixel_fraction, n_px, streams(PLACES)) * HOT


def add_own_counts(
    params: HotPixelParams, mask: NDArray[np.uint32], streams: Streams
) -> CountsStep | None:
    """Return the step that adds the counts of the pixels themselves, which are Poisson counts."""
    hot, rng = (mask & HOT) != 0, streams(COUNTS)

    def add(reading: Reading) -> Reading:
        counts = reading.counts.copy()
        shape = (len(counts), np.count_nonzero(hot))
        counts[:, hot] += rng.poisson(params.hot_pixel_photons, shape).astype(np.uint32)
        return replace(reading, counts=counts)

    return add if hot.any() else None


HOT_PIXELS = Fault(
    HotPixelParams,
    streams=(PLACES, COUNTS),
    mask=choose_pixels,
    counts=add_own_counts,
    examples={
        "hot_pixel_fraction 0.01": {"hot_pixel_fraction": 0.01},
        "hot_pixel_photons 10": {"hot_pixel_fraction": 0.01, "hot_pixel_photons": 10.0},
    },
)
