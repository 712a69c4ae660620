"""Detector pixels that say something else than the light: hot, dead, saturated, invalid."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tasks.core.files.scan_record import PixelFault
from tasks.ingest.preparation.pattern_statistics import PatternStatistics

HOT_OVER_NEIGHBOURS = 3.0
HOT_OVER_MEDIAN = 6.0
HOT_SIGMA = 8.0
CENTRE_PX = 3.0
DEAD_EXPECTED = 20.0
LEAST_PLATEAU = 12
PLATEAU_OVER_NEAR = 4.0
NEAR_TOP = 0.9


@dataclass(frozen=True)
class BadPixels:
    """What was found of the detector, every map of shape (N, N).

    Attributes:
        hot: Pixels that count without light.
        dead: Pixels that never count although light falls there.
        saturated: Pixels that reached the saturation at least once.
        saturation: Value from which a pixel is saturated; None: none is.
    """

    hot: NDArray[np.bool_]
    dead: NDArray[np.bool_]
    saturated: NDArray[np.bool_]
    saturation: float | None

    def cxi_mask(self) -> NDArray[np.uint32]:
        """Return the bits of `PixelFault`, shape (N, N)."""
        mask = np.zeros(self.hot.shape, dtype=np.uint32)
        for where, fault in (
            (self.hot, PixelFault.HOT),
            (self.dead, PixelFault.DEAD),
            (self.saturated, PixelFault.SATURATED),
        ):
            mask[where] |= np.uint32(fault)
        return mask


def find_bad_pixels(
    statistics: PatternStatistics,
    good: NDArray[np.bool_],
    photons_per_unit: float,
    saturation: float | None,
) -> BadPixels:
    """Look for faults in the statistics of a scan.

    Args:
        statistics: The statistics.
        good: Pixels that are trusted so far, shape (N, N).
        photons_per_unit: Photons of one unit of the statistics.
        saturation: Value from which a pixel is saturated; None: look for a plateau.
    """
    counted = statistics.mean * len(statistics.light) * photons_per_unit
    level = saturation if saturation is not None else find_saturation(statistics.top)
    saturated = np.zeros_like(good) if level is None else (statistics.largest >= level) & good
    hot = _hot(counted, good)
    return BadPixels(hot, _dead(np.where(hot, 0.0, counted), good, hot), saturated & ~hot, level)


def find_saturation(top: NDArray[np.float64]) -> float | None:
    """Return the value of a plateau at the top of the values; None where there is none.

    Light thins out towards its largest values; a full well holds many of exactly the same.

    Args:
        top: The largest values, sorted downwards.
    """
    if not len(top) or top[0] <= 1:
        return None
    at_top = np.count_nonzero(top == top[0])
    near = np.count_nonzero(top >= NEAR_TOP * top[0]) - at_top
    return float(top[0]) if at_top >= max(LEAST_PLATEAU, PLATEAU_OVER_NEAR * near) else None


def _hot(counted: NDArray[np.float64], good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return lonely pixels far brighter than all around, but for the middle of the pattern."""
    known = np.where(good, counted, 0.0)
    ring = np.ones((3, 3), dtype=bool)
    ring[1, 1] = False
    neighbours = ndimage.maximum_filter(known, footprint=ring, mode="nearest")
    median = ndimage.median_filter(known, size=5, mode="nearest")
    excess = known - neighbours
    axis = np.arange(len(known)) - len(known) // 2
    middle = np.hypot(axis[:, None], axis[None, :]) <= CENTRE_PX
    return np.asarray(
        good
        & ~middle
        & (known > HOT_OVER_NEIGHBOURS * neighbours)
        & (known > HOT_OVER_MEDIAN * median)
        & (excess > HOT_SIGMA * np.sqrt(known + 1))
    )


def _dead(
    counted: NDArray[np.float64], good: NDArray[np.bool_], hot: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return dark pixels, lines and patches whose surroundings are all lit.

    Where 20 photons are expected, none has a probability of 2e-9.
    """
    labels, count = ndimage.label((counted == 0) & good & ~hot)
    dead = np.zeros_like(good)
    for number, window in enumerate(ndimage.find_objects(labels), start=1):
        wide = tuple(slice(max(0, part.start - 1), part.stop + 1) for part in window)
        inside = labels[wide] == number
        ring = ndimage.binary_dilation(inside, np.ones((3, 3))) & ~inside & good[wide]
        if ring.any() and np.percentile(counted[wide][ring], 25) >= DEAD_EXPECTED:
            dead[wide] |= inside
    return dead if count else np.zeros_like(good)
