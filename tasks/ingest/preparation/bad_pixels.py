"""Which pixels can be trusted: masks that are given, and hot, dead, saturated or invalid pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tasks.core import Mask, Real64
from tasks.core.files.archive import read_named_array
from tasks.core.files.scan_record import PixelFault, good_pixels
from tasks.core.physics.probe import radius_px
from tasks.ingest.file_options import Invalid, MaskSense
from tasks.ingest.params import IngestParams
from tasks.ingest.preparation.cropping import CroppedScan
from tasks.ingest.preparation.dark_frames import DarkFrame
from tasks.ingest.preparation.marked_pixels import find_marked_pixels
from tasks.ingest.preparation.pattern_statistics import PatternStatistics
from tasks.ingest.preparation.rim_gaps import rim_gaps

HOT_OVER_NEIGHBOURS = 3.0
HOT_OVER_MEDIAN = 6.0
HOT_SIGMA = 8.0
CENTRE_PX = 3.0
DEAD_EXPECTED = 20.0
LEAST_PLATEAU = 12
PLATEAU_OVER_NEAR = 4.0
NEAR_TOP = 0.9
FILLED_BOX = 0.95


@dataclass(frozen=True)
class BadPixels:
    """What was found of the detector.

    Attributes:
        marked: Pixels that hold a marker in place of light, shape (N, N), as all maps here.
        hot: Lonely pixels far brighter than all around, or stuck at one value.
        dead: Pixels, lines and gaps that counted nothing where light falls.
        saturated: Pixels that reached the saturation.
        saturation: Value of a full pixel in the unit of the file; None: none was full.
        marker_values: Some of the markers, in the unit of the file.
    """

    marked: Mask
    hot: Mask
    dead: Mask
    saturated: Mask
    saturation: float | None
    marker_values: tuple[float, ...]

    @property
    def any_found(self) -> Mask:
        """Pixels with any of the faults that `--patterns.mask-found` masks, shape (N, N)."""
        return self.hot | self.dead | self.saturated


@dataclass(frozen=True)
class TrustedPixels:
    """Which pixels of the prepared patterns can be trusted before any is looked at closely.

    Attributes:
        good: Trusted by mask and by what the pixels hold, shape (N, N), as all maps here.
        masked: Not trusted by a mask.
        marked: Hold a marker in place of light.
        stuck: Lonely pixels that never change.
        marker_values: Some of the markers, in the unit of the file.
    """

    good: Mask
    masked: Mask
    marked: Mask
    stuck: Mask
    marker_values: tuple[float, ...]


def find_bad_pixels(
    statistics: PatternStatistics,
    trusted: TrustedPixels,
    photons_per_unit: float,
    saturation: float | None,
) -> BadPixels:
    """Look for faults, and a saturation if none is given, at pixels trusted so far."""
    marked = trusted.marked | statistics.marked
    good = trusted.good & (statistics.invalid == 0) & ~marked
    counted = statistics.mean * len(statistics.light) * photons_per_unit
    level = saturation if saturation is not None else find_saturation(statistics.top)
    saturated = np.zeros_like(good) if level is None else (statistics.largest >= level) & good
    if saturation is None and saturated[good].all():
        # Full everywhere is no plateau of light.
        level, saturated = None, np.zeros_like(good)
    hot = _hot(counted, good)
    dead = _dead(np.where(hot, 0.0, counted), good, hot)
    return BadPixels(
        marked, hot | trusted.stuck, dead, saturated & ~hot, level, trusted.marker_values
    )


def trusted_pixels(cropped: CroppedScan, dark: DarkFrame | None) -> TrustedPixels:
    """Return the pixels that masks trust, and that hold no marker, for the prepared patterns."""
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
    found = find_marked_pixels(scan.patterns, None if dark is None else dark.values)
    is_masked, marked = ~cropped.mask(good), ~cropped.mask(~found.gaps | ~good)
    stuck = ~cropped.mask(~found.stuck | ~good) & ~marked
    if not cropped.params.patterns.mask_found:
        stuck = np.zeros_like(stuck)
    values = found.values if marked.any() else ()
    return TrustedPixels(~(is_masked | marked | stuck), is_masked, marked, stuck, values)


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
    masked: Mask, statistics: PatternStatistics, bad_pixels: BadPixels, params: IngestParams
) -> NDArray[np.uint32]:
    """Return the CXI mask, shape (N, N), from the pixels that a mask does not trust, and faults."""
    is_invalid = masked | bad_pixels.marked | (statistics.invalid > 0)
    mask = np.where(is_invalid, np.uint32(PixelFault.INVALID), np.uint32(0))
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
    """Return dark pixels, lines and blocks within lit ones: none of 20 photons has 2e-9."""
    dark = (counted == 0) & good & ~hot
    dead = _dead_lines(counted, good & ~hot) | rim_gaps(counted, good & ~hot)
    labels, _ = ndimage.label(dark & ~dead)
    known = good & ~dead
    for number, window in enumerate(ndimage.find_objects(labels), start=1):
        wide = tuple(slice(max(0, part.start - 1), part.stop + 1) for part in window)
        inside = labels[wide] == number
        ring = ndimage.binary_dilation(inside, np.ones((3, 3))) & ~inside & known[wide]
        if not ring.any():
            continue
        around, area = float(np.percentile(counted[wide][ring], 25)), np.count_nonzero(inside)
        # A filled box is no shape that chance gives; the pixels of a ragged one count singly.
        is_box = area >= FILLED_BOX * labels[window].size
        if around * (area if is_box else 1) >= DEAD_EXPECTED:
            dead[wide] |= inside
    return dead


def _dead_lines(counted: Real64, good: Mask) -> Mask:
    """Return whole lines that counted nothing between two lit ones: gaps between modules.

    Lines that are found divide the detector, and the parts are looked at in the same way, since
    modules may be staggered. A gap at the rim has one lit side, see `rim_gaps`.
    """
    dead, parts = np.zeros_like(good), [(slice(None), slice(None))]
    while parts:
        part = parts.pop()
        for axis in (0, 1):
            lit = np.where(good, counted, 0.0)[part].sum(axis=1 - axis)
            known = np.asarray(good[part].any(axis=1 - axis))
            runs = _dark_runs(lit, known)
            if not runs:
                continue
            begin = part[axis].start or 0
            bounds = [0, *(end for run in runs for end in run), len(lit)]
            for start, stop in runs:
                lines = [*part]
                lines[axis] = slice(begin + start, begin + stop)
                dead[tuple(lines)] |= good[tuple(lines)]
            for start, stop in zip(bounds[::2], bounds[1::2], strict=True):
                rest = [*part]
                rest[axis] = slice(begin + start, begin + stop)
                if stop > start:
                    parts.append((rest[0], rest[1]))
            break
    return dead


def _dark_runs(lit: Real64, known: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return runs of lines without light, a lit one on either side, as (start, stop).

    They would hold 20 photons, were they as bright as as many lines on the dimmer side. A single
    line with a stray photon far outside the light does not make a gap of what lies before it.
    """
    labels, count = ndimage.label((lit == 0) | ~known)
    runs = []
    for (window,) in ndimage.find_objects(labels, count):
        start, stop = window.start, window.stop
        n_lines = int(np.count_nonzero(known[window]))
        if not start or stop == len(lit) or not n_lines:
            continue
        before, after = lit[max(0, start - n_lines) : start], lit[stop : stop + n_lines]
        if min(before.sum(), after.sum()) >= DEAD_EXPECTED:
            runs.append((start, stop))
    return runs
