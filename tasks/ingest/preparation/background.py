"""What is subtracted from the patterns: dark and background, and the counts that remain."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tasks.core import Mask, Real64
from tasks.ingest.file_options import Values
from tasks.ingest.preparation.cropping import CroppedScan
from tasks.ingest.preparation.dark_frames import DarkFrame
from tasks.ingest.preparation.pattern_statistics import PatternStatistics
from tasks.ingest.preparation.photon_scale import PhotonScale

DARK_SHARE, DARK_SIGMA, DARK_PIXELS = 0.8, 4.0, 0.01


@dataclass(frozen=True)
class Background:
    """What is subtracted from every pattern, in the unit of the file.

    Attributes:
        level: Shape (N, N); None: nothing is subtracted.
        own_dark: What was done with a dark frame of the scan's own file; None: it has none.
    """

    level: Real64 | None
    own_dark: Literal["subtracted", "subtracted before", "replaced"] | None = None


def find_background(
    cropped: CroppedScan,
    dark: DarkFrame | None,
    stored: PatternStatistics,
    good: Mask,
    scale: PhotonScale,
) -> Background:
    """Return what is subtracted: the dark frame, and an even background.

    The scan's own dark is left alone where patterns fall below it: then it was subtracted before
    they were stored. ValueError if a dark frame is not finite where it is needed.

    Args:
        cropped: The scan and what is asked of it.
        dark: A dark frame as the patterns are stored.
        stored: Statistics of the patterns before anything is subtracted.
        good: Prepared pixels that count, shape (N, N).
        scale: Photons of a unit of the file.
    """
    asked, has_own = cropped.params.patterns, cropped.scan.dark is not None
    done: Literal["subtracted", "subtracted before", "replaced"] | None = None
    level = None if dark is None else _prepared(cropped, dark, good)
    if dark is not None and has_own:
        done = "subtracted" if dark.is_own else "replaced"
    if level is not None and done == "subtracted" and _was_subtracted(cropped, stored, level, good):
        level, done = None, "subtracted before"
    if level is None and not asked.background_per_px:
        return Background(None, done)
    even = asked.background_per_px / scale.photons_per_unit
    if asked.photons_per_pattern is not None:
        left = stored.light.mean() - (0.0 if level is None else float(level[good].sum()))
        photons = asked.photons_per_pattern + asked.background_per_px * np.count_nonzero(good)
        even = asked.background_per_px * left / photons
    return Background(np.full(good.shape, even) + (0.0 if level is None else level), done)


def to_counts(
    intensities: Real64, good: Mask, background: Real64 | None, scale: PhotonScale
) -> NDArray[np.uint32]:
    """Return counts: background off, scaled, rounded, never negative, zero where masked."""
    values = np.where(good, intensities, 0.0)
    values = values if background is None else values - background
    photons = np.rint(values * scale.photons_per_unit)
    return np.where(good & (photons > 0), photons, 0.0).astype(np.uint32)


def _prepared(cropped: CroppedScan, dark: DarkFrame, good: Mask) -> Real64:
    """Return a dark frame for the prepared pixels, (N, N)."""
    prepared = cropped.frame(dark.values)
    if not np.all(np.isfinite(prepared[good])):
        raise ValueError(
            f"{dark.where} is not finite at pixels that the patterns use. Repair it, or mask those "
            f"pixels by --mask.file."
        )
    return np.where(good, prepared, 0.0)


def _was_subtracted(
    cropped: CroppedScan, stored: PatternStatistics, dark: Real64, good: Mask
) -> bool:
    """Tell whether patterns lie below their dark frame by more than noise can take them."""
    if cropped.scan.values is Values.AMPLITUDE:
        return True
    noise = DARK_SIGMA * np.sqrt((dark + 1) / len(stored.light))
    is_below = (stored.mean < DARK_SHARE * dark - noise) & good
    return bool(np.count_nonzero(is_below) > DARK_PIXELS * np.count_nonzero(good))
