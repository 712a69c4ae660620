"""Hot and dead pixels: some collect counts of their own, and some always read zero."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tasks.core import Mask
from tasks.core.files.scan_record import PixelFault
from tasks.simulate.faults.fault import CountsStep, Fault, Reading, Streams

HOT_PLACES, HOT_COUNTS, DEAD_PLACES = 10, 11, 12
HOT, DEAD = np.uint32(PixelFault.HOT), np.uint32(PixelFault.DEAD)


class HotPixelParams(BaseModel):
    """How many pixels are hot, and what they count."""

    hot_pixel_fraction: float = Field(
        0.0, ge=0, le=0.5, description="Share of the pixels that count without light"
    )
    hot_pixel_photons: float = Field(
        1000.0, gt=0, le=1e6, description="Mean counts that a hot pixel adds [photons]"
    )


class DeadPixelParams(BaseModel):
    """How many pixels are dead."""

    dead_pixel_fraction: float = Field(
        0.0, ge=0, le=0.5, description="Share of the pixels that always read zero"
    )


def share_of_pixels(fraction: float, n_px: int, rng: np.random.Generator) -> Mask:
    """Choose a share of the pixels, shape (n_px, n_px); a larger one holds those of a smaller."""
    chosen = np.zeros(n_px * n_px, dtype=np.bool_)
    chosen[rng.permutation(n_px * n_px)[: round(fraction * n_px * n_px)]] = True
    return chosen.reshape(n_px, n_px)


def hot_pixels(params: HotPixelParams, n_px: int, streams: Streams) -> NDArray[np.uint32]:
    """Return the bits of the hot pixels, shape (n_px, n_px)."""
    return share_of_pixels(params.hot_pixel_fraction, n_px, streams(HOT_PLACES)) * HOT


def dead_pixels(params: DeadPixelParams, n_px: int, streams: Streams) -> NDArray[np.uint32]:
    """Return the bits of the dead pixels, shape (n_px, n_px)."""
    return share_of_pixels(params.dead_pixel_fraction, n_px, streams(DEAD_PLACES)) * DEAD


def add_own_counts(
    params: HotPixelParams, mask: NDArray[np.uint32], streams: Streams
) -> CountsStep | None:
    """Return the step that adds the Poisson counts of the hot pixels themselves."""
    hot, rng = (mask & HOT) != 0, streams(HOT_COUNTS)

    def add(reading: Reading) -> Reading:
        counts = reading.counts.copy()
        shape = (len(counts), np.count_nonzero(hot))
        counts[:, hot] += rng.poisson(params.hot_pixel_photons, shape).astype(np.uint32)
        return replace(reading, counts=counts)

    return add if hot.any() else None


def read_zero(
    _params: DeadPixelParams, mask: NDArray[np.uint32], _streams: Streams
) -> CountsStep | None:
    """Return the step after which the dead pixels read zero."""
    dead = (mask & DEAD) != 0

    def clear(reading: Reading) -> Reading:
        return replace(reading, counts=np.where(dead, np.uint32(0), reading.counts))

    return clear if dead.any() else None


HOT_PIXELS = Fault(
    HotPixelParams,
    streams=(HOT_PLACES, HOT_COUNTS),
    mask=hot_pixels,
    counts=add_own_counts,
    examples={
        "hot_pixel_fraction 0.01": {"hot_pixel_fraction": 0.01},
        "hot_pixel_photons 10": {"hot_pixel_fraction": 0.01, "hot_pixel_photons": 10.0},
    },
)
DEAD_PIXELS = Fault(
    DeadPixelParams,
    streams=(DEAD_PLACES,),
    mask=dead_pixels,
    counts=read_zero,
    examples={"dead_pixel_fraction 0.05": {"dead_pixel_fraction": 0.05}},
)
