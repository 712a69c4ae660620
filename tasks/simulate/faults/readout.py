"""Reading out: a well holds so much and no more, and the reading has noise of its own."""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tasks.simulate.faults.fault import CountsStep, Fault, Reading, Streams

STREAM = 13


class ReadoutParams(BaseModel):
    """Depth of the wells, and noise of the readout."""

    saturation_photons: int | None = Field(
        None, ge=1, lt=2**31, description="Depth of a pixel's well; none: no limit [photons]"
    )
    readout_noise_photons: float = Field(
        0.0, ge=0, le=1e4, description="R.m.s. of the Gaussian readout noise [photons]"
    )


def fill_and_read(
    params: ReadoutParams, _mask: NDArray[np.uint32], streams: Streams
) -> CountsStep | None:
    """Return the step that clips at the well and adds Gaussian noise, rounded, not below zero."""
    well, sigma, rng = params.saturation_photons, params.readout_noise_photons, streams(STREAM)

    def read(reading: Reading) -> Reading:
        counts, saturated = reading.counts, reading.saturated
        if well is not None:
            saturated = counts >= well
            counts = np.minimum(counts, np.uint32(well))
        if sigma:
            noise = rng.standard_normal(counts.shape, dtype=np.float32)
            noisy = np.rint(counts + sigma * noise.astype(np.float64))
            counts = np.clip(noisy, 0, well).astype(np.uint32)
        return Reading(counts, saturated)

    return read if sigma or well is not None else None


READOUT = Fault(
    ReadoutParams,
    streams=(STREAM,),
    counts=fill_and_read,
    examples={
        "saturation_photons 12": {"saturation_photons": 12},
        "readout_noise_photons 1": {"readout_noise_photons": 1.0},
    },
)
