"""Neighbouring exposures in the middle of a scan, which the checks look at more closely."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.ingest.checks.shadow_motion import Shadows
from tasks.orientation.orientations import middle_exposures

PATTERNS_OF_128_PX = 64
FEWEST, MOST = 36, 100


@dataclass(frozen=True)
class Middle:
    """Exposures in the middle of a scan.

    Attributes:
        indices: Which of the kept exposures they are, shape (M,).
        counts: Their patterns, shape (M, N, N).
        positions_px: Their positions (y, x) [px], shape (M, 2).
        shadows: How their shadows move; None where that is not known.
    """

    indices: NDArray[np.intp]
    counts: NDArray[np.uint32]
    positions_px: NDArray[np.float64]
    shadows: Shadows | None


def choose_middle(positions_px: NDArray[np.floating], n_px: int) -> NDArray[np.intp]:
    """Return which exposures to look at, so many that a check costs the same for any detector."""
    count = int(np.clip(PATTERNS_OF_128_PX * 128**2 // n_px**2, FEWEST, MOST))
    return middle_exposures(positions_px, count)
