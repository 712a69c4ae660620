"""Stray light: photons that arrive evenly all over the detector, one by one as the beam's do."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tasks.simulate.faults.fault import CountsStep, Fault, Reading, Streams

STREAM = 8


class BackgroundParams(BaseModel):
    """How much stray light there is."""

    background_photons_per_px: float = Field(
        0.0, ge=0, le=1e6, description="Mean photons of stray light in every pixel [photons/px]"
    )


def add_stray_light(
    params: BackgroundParams, _mask: NDArray[np.uint32], streams: Streams
) -> CountsStep | None:
    """Return the step that adds Poisson counts of one mean to every pixel."""
    mean, rng = params.background_photons_per_px, streams(STREAM)

    def add(reading: Reading) -> Reading:
        stray = rng.poisson(mean, reading.counts.shape).astype(np.uint32)
        return replace(reading, counts=reading.counts + stray)

    return add if mean else None


BACKGROUND = Fault(
    BackgroundParams,
    streams=(STREAM,),
    counts=add_stray_light,
    examples={"background 0.2 / px": {"background_photons_per_px": 0.2}},
)
