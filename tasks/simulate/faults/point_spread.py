"""The point spread of a detector: a photon is registered in a pixel near the one it fell on.

A displaced Poisson process is a Poisson process, so spread photons have the law of a blurred
expectation (the displacement theorem; Kingman, Poisson Processes (1993), ch. 5).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field
from scipy.special import ndtr

from tasks.simulate.faults.fault import CountsStep, Fault, Reading, Streams

STREAM = 9


class PointSpreadParams(BaseModel):
    """How wide the spread is."""

    point_spread_px: float = Field(
        0.0, ge=0, le=8, description="R.m.s. spread of the detector along each axis [px]"
    )


def spread_photons(
    counts: NDArray[np.unsignedinteger], sigma_px: float, rngs: Sequence[np.random.Generator]
) -> NDArray[np.uint32]:
    """Displace every photon of patterns (J, N, N) by a Gaussian step [px] along each axis.

    The photons of a pixel are shared out by one multinomial draw an axis, as many draws as pixels,
    however bright. Photons are conserved but for those that leave the array. There is a generator
    for y and one for x, so that the draws do not depend on how many patterns are spread at once.
    """
    reach = int(np.ceil(4 * sigma_px))
    steps = np.arange(-reach, reach + 1)
    shares = ndtr((steps + 0.5) / sigma_px) - ndtr((steps - 0.5) / sigma_px)
    shares /= shares.sum()
    for axis, rng in zip((1, 2), rngs, strict=True):
        where = np.nonzero(counts)
        moved = rng.multinomial(counts[where].astype(np.int64), shares)
        size = counts.shape[axis]
        padded = np.zeros(
            [n + 2 * reach if a == axis else n for a, n in enumerate(counts.shape)], np.uint32
        )
        for step, photons in zip(steps, moved.T, strict=True):
            index = list(where)
            index[axis] = where[axis] + reach + step
            # Distinct pixels stay distinct under one step, so nothing is added twice.
            padded[tuple(index)] += photons.astype(np.uint32)
        counts = np.take(padded, np.arange(reach, reach + size), axis=axis)
    return np.asarray(counts, dtype=np.uint32)


def spread_all(
    params: PointSpreadParams, _mask: NDArray[np.uint32], streams: Streams
) -> CountsStep | None:
    """Return the step that displaces every photon."""
    sigma_px, rngs = params.point_spread_px, streams(STREAM).spawn(2)

    def spread(reading: Reading) -> Reading:
        return replace(reading, counts=spread_photons(reading.counts, sigma_px, rngs))

    return spread if sigma_px else None


POINT_SPREAD = Fault(
    PointSpreadParams,
    streams=(STREAM,),
    counts=spread_all,
    examples={"point_spread_px 1.5": {"point_spread_px": 1.5}},
)
