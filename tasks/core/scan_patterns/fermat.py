"""Fermat spiral: even coverage without rows, columns or any other period.

Huang et al., Opt. Express 22, 12634 (2014): position n lies at radius c sqrt(n) and angle
n times the golden angle, so that every position has the same area to itself.
"""

import numpy as np

from tasks.core import Real64
from tasks.core.scan_patterns.raster import ScanArea

GOLDEN_ANGLE_RAD = np.pi * (3 - np.sqrt(5))


def fermat(area: ScanArea, rng: np.random.Generator, _options: object) -> Real64:
    """Return part of a spiral (y, x) [px], (count, 2), outwards; it begins at a random angle."""
    number = np.arange(area.pattern_count(), dtype=np.float64)
    angle = number * GOLDEN_ANGLE_RAD + rng.uniform(0, 2 * np.pi)
    spiral = np.sqrt(number)[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    return area.fill(spiral)
