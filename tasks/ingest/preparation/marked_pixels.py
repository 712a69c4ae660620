"""Pixels that hold a marker in place of light: module gaps and switched-off pixels.

Detectors and programs write the largest integer, 65535, -1, NaN or any other constant where
nothing was measured. Light is never the same in all patterns: of Poisson counts around c, two are
equal with a probability of at most 1 / sqrt(2 pi c), so a pixel that never changes measures none.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tasks.core import Mask, Real64
from tasks.ingest.file_scan import LARGEST_COUNTABLE, is_marker
from tasks.ingest.files.patterns import Patterns

SAMPLED_PATTERNS = 64
# A clean detector of a million pixels shows none by chance in a hundred scans.
FALSE_ALARMS = 1e-2
ROUNDING = 0.51
ALL_AROUND = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True)
class MarkedPixels:
    """Pixels without a measurement, as stored, shape (H, W).

    Attributes:
        gaps: Pixels that never hold a count, or lie side by side and never change.
        stuck: Lonely pixels that never change.
        values: Some of the values that they hold, sorted.
    """

    gaps: Mask
    stuck: Mask
    values: tuple[float, ...]


def find_marked_pixels(patterns: Patterns, dark: Real64 | None = None) -> MarkedPixels:
    """Look for pixels that never change, or never hold a count, in patterns spread over a scan.

    Where no light falls, the dark (H, W) is right, or without one zero or the pedestal that other
    pixels fall to as well: these are no markers. Patterns that are the same everywhere, as behind
    a closed shutter, tell nothing.
    """
    height, width = patterns.shape[1:]
    seen = _Seen(height, width, dark)
    for index in spread_indices(patterns.shape[0]).tolist():
        seen.add(patterns.read(index, index + 1)[0])
    never = seen.never_counted if seen.count else np.zeros((height, width), dtype=np.bool_)
    fixed = seen.unchanged & ~never
    labels, _ = ndimage.label(fixed | never, ALL_AROUND)
    is_lonely = np.bincount(labels.ravel())[labels] == 1
    marked = fixed | never
    values = np.unique(seen.first[marked].astype(np.float64))[:3] if marked.any() else ()
    return MarkedPixels(
        never | (fixed & ~is_lonely), fixed & is_lonely, tuple(float(v) for v in values)
    )


def spread_indices(n_patterns: int) -> NDArray[np.intp]:
    """Return the indices of at most 64 patterns, spread evenly over a scan."""
    spread = np.linspace(0, n_patterns - 1, min(SAMPLED_PATTERNS, n_patterns))
    return np.unique(spread.round().astype(np.intp))


class _Seen:
    """What some patterns have in common, taken in one after the other."""

    def __init__(self, height: int, width: int, dark: Real64 | None) -> None:
        self.count, self._dark = 0, dark
        self._least: NDArray[Any] = np.full((height, width), np.inf)
        self.first: NDArray[Any] = np.zeros((height, width))
        self.never_counted = np.ones((height, width), dtype=np.bool_)
        self._same = np.ones((height, width), dtype=np.bool_)
        self._at_top = np.ones((height, width), dtype=np.bool_)

    def add(self, pattern: NDArray[Any]) -> None:
        """Take in a stored pattern, unless it is the same everywhere."""
        no_count = ~(pattern >= 0) | (pattern >= LARGEST_COUNTABLE) | is_marker(pattern)
        if no_count.all() or np.ptp(pattern[~no_count]) == 0:
            return
        if not self.count:
            self.first = pattern
        self.never_counted &= no_count
        self._same &= pattern == self.first
        counts = np.where(no_count, np.inf, pattern.astype(np.float64))
        self._least = np.minimum(self._least, counts)
        # A marker that was scaled with its pattern still is the largest value of all.
        self._at_top &= pattern == pattern[~no_count].max()
        self.count += 1

    @property
    def unchanged(self) -> Mask:
        """Pixels, not zero, that changed less than counts can; none if that would be all light."""
        if self.count < 2:
            return np.zeros_like(self._same)
        counts = np.maximum(np.nan_to_num(self.first.astype(np.float64), posinf=0, neginf=0), 1)
        chance = -0.5 * (self.count - 1) * np.log(2 * np.pi * counts)
        same = self._same & ~self._unlit & (chance < np.log(FALSE_ALARMS / self._same.size))
        is_enough = np.count_nonzero(self._at_top) > 1 and self.count >= SAMPLED_PATTERNS // 4
        found = same | self._at_top if is_enough else same
        is_light_left = np.any((self.first > 0) & ~found & ~self.never_counted)
        return found if is_light_left else np.zeros_like(found)

    @property
    def _unlit(self) -> Mask:
        """Pixels that hold what a pixel without light does."""
        changing = self._least[~self._same & ~self.never_counted]
        pedestal = changing.min() if len(changing) else 0.0
        unlit = (self.first == 0) | (self.first == pedestal)
        if self._dark is not None:
            unlit |= np.abs(self.first.astype(np.float64) - self._dark) < ROUNDING
        return np.asarray(unlit)
