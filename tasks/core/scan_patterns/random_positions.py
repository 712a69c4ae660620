"""Random positions, none too close to another: the least ordered scan without holes.

Positions drawn without regard to each other would leave holes that no probe lights (a share of
exp(-lambda) of a Poisson process has no neighbour within reach), so those that come closer than
0.7 of the step to an earlier one are drawn again: random sequential adsorption, which could go on
to 0.547 of the area covered by discs (Feder, J. Theor. Biol. 87, 237 (1980)) and stops at 0.385.
"""

import numpy as np
from scipy.spatial import cKDTree

from tasks.core import Real64
from tasks.core.scan_patterns.raster import ScanArea

CLOSEST_FRACTION = 0.7


def random_positions(area: ScanArea, rng: np.random.Generator, _options: object) -> Real64:
    """Return random positions (y, x) [px], (count, 2), in strips of one step, back and forth."""
    # The typical step inside the rectangle, whose edges the outermost positions touch.
    closest = CLOSEST_FRACTION * float(np.sqrt(4 * np.prod(area.half_sides_px) / area.count))
    kept = np.empty((0, 2))
    while len(kept) < area.count:
        drawn = rng.uniform(-1, 1, size=(area.count, 2)) * area.half_sides_px
        kept = np.concatenate([kept, _far_from_each_other(drawn, kept, closest)])
    return area.centre_px + _in_strips(kept[: area.count], area)


def _far_from_each_other(drawn: Real64, kept: Real64, closest_px: float) -> Real64:
    """Return those that keep their distance from all kept, and from all drawn before them."""
    if len(kept):
        drawn = drawn[cKDTree(kept).query(drawn)[0] >= closest_px]
    stays = np.ones(len(drawn), dtype=bool)
    for earlier, later in sorted(cKDTree(drawn).query_pairs(closest_px)):
        stays[later] &= not stays[earlier]
    return drawn[stays]


def _in_strips(positions_px: Real64, area: ScanArea) -> Real64:
    """Return positions in the order of a stage that goes back and forth in strips of one step."""
    strip = np.floor((positions_px[:, 0] + area.half_sides_px[0]) / area.step_px)
    along = np.where(strip % 2 == 0, positions_px[:, 1], -positions_px[:, 1])
    return positions_px[np.lexsort((along, strip))]
