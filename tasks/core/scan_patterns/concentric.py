"""Concentric rings: the round scan of many instruments.

Dierolf et al., New J. Phys. 12, 035017 (2010): ring k has k times as many positions as the
first one, so that they are as dense on every ring and no grid leaves its period behind.
"""

import numpy as np

from tasks.core import Real64
from tasks.core.scan_patterns.raster import ScanArea

POSITIONS_ON_FIRST_RING = 5


def concentric(area: ScanArea, rng: np.random.Generator, _options: object) -> Real64:
    """Return parts of rings (y, x) [px], (count, 2), outwards; they begin at a random angle."""
    n_rings = int(np.ceil(np.sqrt(2 * area.pattern_count() / POSITIONS_ON_FIRST_RING)))
    per_ring = [1, *(POSITIONS_ON_FIRST_RING * k for k in range(1, n_rings + 1))]
    radius = np.repeat(np.arange(n_rings + 1.0), per_ring)
    angle = np.concatenate([2 * np.pi * np.arange(n) / n for n in per_ring])
    angle += rng.uniform(0, 2 * np.pi)
    return area.fill(radius[:, None] * np.column_stack([np.sin(angle), np.cos(angle)]))
