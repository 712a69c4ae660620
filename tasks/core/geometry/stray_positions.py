"""Positions that lie apart from all others, as where an encoder was misread."""

import numpy as np
from scipy.spatial import cKDTree

from tasks.core import Indices, Real, Real64

FEWEST = 16
NEIGHBOURS = 4
TIMES_FARTHER = 6.0
PATH_STEPS = 3.0


def find_stray_positions(positions_px: Real) -> Indices:
    """Return the exposures whose positions (J, 2) are far from all others, or off the path.

    Far is six times the median distance to the fourth neighbour, so up to four misread positions
    at one place are found too. Where a scan moves from neighbour to neighbour, a single position
    that jumps away and back is off the path, also if it lands inside the scan. Few positions have
    no usual distance, and none of fewer than 16 is called astray.
    """
    positions = np.asarray(positions_px, dtype=np.float64)
    if len(positions) < FEWEST:
        return np.empty(0, dtype=np.intp)
    distances = cKDTree(positions).query(positions, k=NEIGHBOURS + 1)[0]
    usual = float(np.median(distances[:, NEIGHBOURS]))
    is_far = distances[:, NEIGHBOURS] > TIMES_FARTHER * usual if usual > 0 else np.zeros(0)
    far = np.flatnonzero(is_far)
    return np.union1d(far, _off_the_path(positions, usual)).astype(np.intp)


def _off_the_path(positions: Real64, usual: float) -> Indices:
    """Return the positions inside a path that jump away and come back."""
    steps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
    step = float(np.median(steps))
    if not 0 < step < PATH_STEPS * usual:
        return np.empty(0, dtype=np.intp)
    across = np.linalg.norm(positions[2:] - positions[:-2], axis=1)
    away = np.minimum(steps[:-1], steps[1:])
    return np.flatnonzero((away > TIMES_FARTHER * step) & (across < PATH_STEPS * step)) + 1
