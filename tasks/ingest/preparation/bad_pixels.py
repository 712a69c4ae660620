"""Which pixels can be trusted: masks that are given, and hot, dead, saturated or invalid pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tasks.core import Mask, Real64
from tasks.core.files.archive import read_named_array
from tasks.core.files.scan_record import PixelFault, good_pixels
from tasks.core.physics.probe import radius_px
from tasks.ingest.file_scan import Invalid, MaskSense
from tasks.ingest.params import IngestParams
from tasks.ingest.preparation.cropping import CroppedScan
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
    """What was found of the detector, every map of shape (N, N); saturation None: none is."""

    hot: Mask
    dead: Mask
    saturated: Mask
    saturation: float | None


def find_bad_pixels(
    statistics: PatternStatistics, good: Mask, photons_per_unit: float, saturation: float | None
) -> BadPixels:
    """Look for faults, and a saturation if none is given, at pixels trusted so far (N, N)."""
    counted = statistics.mean * len(statistics.light) * photons_per_unit
    level = saturation if saturation is not None else find_saturation(statistics.top)
    saturated = np.zeros_like(good) if level is None else (statistics.largest >= level) & good
    hot = _hot(counted, good)
    return BadPixels(hot, _dead(np.where(hot, 0.0, counted), good, hot), saturated & ~hot, level)


def trusted_pixels(cropped: CroppedScan) -> Mask:
    """Return the pixels that the scan's mask and the named one trust, cropped, shape (N, N)."""
    scan, asked = cropped.scan, cropped.params.mask
    shape = scan.patterns.shape[1:]
    good = np.ones(shape, dtype=np.bool_) if scan.good is None else scan.good
    if asked.file is not None:
        given = read_named_array(asked.file, asked.dataset, "mask")
        if asked.sense is None or given.shape != shape:
            raise ValueError(
                f"The mask {asked.file} has the shape {given.shape}, the patterns {shape}, "
                f"and its sense is {asked.sense}. Give the mask of the patterns as they are "
                f"stored, and --mask.sense zero_is_good or nonzero_is_good."
            )
        good = good & ((given != 0) == (asked.sense is MaskSense.NONZERO_IS_GOOD))
    return cropped.mask(good)


def refuse_invalid(statistics: PatternStatistics, params: IngestParams) -> None:
    """Refuse values that no photons make, unless their pixels are to be masked."""
    bad, first = int(statistics.invalid.sum()), statistics.first_invalid
    if first is None or params.patterns.invalid is Invalid.MASK:
        return
    raise ValueError(
        f"{bad} values in {np.count_nonzero(statistics.invalid)} pixels are negative or not "
        f"finite, the first in pattern {first[0]} at (row, column) {first[1:]} of the crop. "
        f"Photons are neither: give --patterns.invalid mask to mask those pixels in all patterns, "
        f"or repair the file (a dark frame is subtracted by --patterns.dark.file, not beforehand)."
    )


def mask_of(
    good: Mask, statistics: PatternStatistics, bad_pixels: BadPixels, params: IngestParams
) -> NDArray[np.uint32]:
    """Return the CXI mask, shape (N, N)."""
    mask = np.where(good & (statistics.invalid == 0), np.uint32(0), np.uint32(PixelFault.INVALID))
    if params.patterns.mask_found:
        mask |= bad_pixels.hot * np.uint32(PixelFault.HOT)
        mask |= bad_pixels.dead * np.uint32(PixelFault.DEAD)
        mask |= bad_pixels.saturated * np.uint32(PixelFault.SATURATED)
    if not good_pixels(mask).any():
        raise ValueError("The mask leaves no good pixel. Check --mask.sense.")
    return np.asarray(mask, dtype=np.uint32)


def find_saturation(top: Real64) -> float | None:
    """Return the value of a plateau at the top of values sorted downwards; None: there is none.

    Light thins out towards its largest values; a full well holds many of exactly the same.
    """
    if not len(top) or top[0] <= 1:
        return None
    at_top = np.count_nonzero(top == top[0])
    near = np.count_nonzero(top >= NEAR_TOP * top[0]) - at_top
    return float(top[0]) if at_top >= max(LEAST_PLATEAU, PLATEAU_OVER_NEAR * near) else None


def _hot(counted: Real64, good: Mask) -> Mask:
    """Return lonely pixels far brighter than all around, but for the middle of the pattern."""
    known = np.where(good, counted, 0.0)
    ring = np.ones((3, 3), dtype=bool)
    ring[1, 1] = False
    neighbours = ndimage.maximum_filter(known, footprint=ring, mode="nearest")
    median = ndimage.median_filter(known, size=5, mode="nearest")
    excess = known - neighbours
    middle = radius_px(len(known)) <= CENTRE_PX
    return np.asarray(
        good
        & ~middle
        & (known > HOT_OVER_NEIGHBOURS * neighbours)
        & (known > HOT_OVER_MEDIAN * median)
        & (excess > HOT_SIGMA * np.sqrt(known + 1))
    )


def _dead(counted: Real64, good: Mask, hot: Mask) -> Mask:
    """Return dark pixels, lines and patches within lit ones: none of 20 photons has 2e-9."""
    labels, _ = ndimage.label((counted == 0) & good & ~hot)
    dead = np.zeros_like(good)
    for number, window in enumerate(ndimage.find_objects(labels), start=1):
        wide = tuple(slice(max(0, part.start - 1), part.stop + 1) for part in window)
        inside = labels[wide] == number
        ring = ndimage.binary_dilation(inside, np.ones((3, 3))) & ~inside & good[wide]
        if ring.any() and np.percentile(counted[wide][ring], 25) >= DEAD_EXPECTED:
            dead[wide] |= inside
    return dead
