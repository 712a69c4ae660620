"""Dead leaves: overlapping discs of all sizes, the simplest image with natural statistics.

Lee, Mumford & Huang, Int. J. Comput. Vis. 41, 35 (2001): discs whose radii follow a power law
occlude each other, which gives edges at every scale and the scale invariance of natural images.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from tasks.core import Real64

RADIUS_RANGE_PX = (3.0, 48.0)
TEXTURE_SIGMA_PX = 1.5
TEXTURE_FRACTION = 0.08
EDGE_SIGMA_PX = 0.6
LEAVES_PER_PX = 0.03


def dead_leaves(shape: tuple[int, int], rng: np.random.Generator, _options: object) -> Real64:
    """Return textured leaves whose amplitude and phase share edges but not values.

    Every leaf has its own amplitude and phase, drawn independently, and a fine grain; edges are
    soft over about a pixel, as an imaged sample's are.
    """
    count = max(1, int(LEAVES_PER_PX * shape[0] * shape[1]))
    radii = _power_law_radii(count, rng)
    centres = rng.uniform(0, 1, size=(count, 2)) * np.asarray(shape)
    values = rng.uniform(0, 1, size=(count, 2))

    fraction = np.full((2, *shape), 0.5)
    for radius, (centre_y, centre_x), value in zip(radii, centres, values, strict=True):
        top, left = max(0, int(centre_y - radius)), max(0, int(centre_x - radius))
        window = np.s_[top : int(centre_y + radius) + 2, left : int(centre_x + radius) + 2]
        rows, columns = np.ogrid[window]
        height, width = fraction[0][window].shape
        inside = (rows[:height] - centre_y) ** 2 + (columns[:, :width] - centre_x) ** 2 < radius**2
        fraction[(slice(None), *window)][:, inside] = value[:, None]

    for part in range(2):
        soft = gaussian_filter(fraction[part], EDGE_SIGMA_PX)
        fraction[part] = np.clip(soft + TEXTURE_FRACTION * _grain(shape, rng), 0.0, 1.0)
    return fraction


def _power_law_radii(count: int, rng: np.random.Generator) -> Real64:
    """Draw radii [px] with density proportional to r^-3 by inverting its cumulative sum."""
    smallest, largest = RADIUS_RANGE_PX
    quantile = rng.uniform(0, 1, size=count)
    inverse_square = smallest**-2 + quantile * (largest**-2 - smallest**-2)
    return np.asarray(inverse_square**-0.5)


def _grain(shape: tuple[int, int], rng: np.random.Generator) -> Real64:
    """Return smooth noise of zero mean and unit standard deviation."""
    noise = gaussian_filter(rng.standard_normal(shape), TEXTURE_SIGMA_PX)
    return np.asarray((noise - noise.mean()) / noise.std())
