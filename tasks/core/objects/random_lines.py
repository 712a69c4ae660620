"""Random lines: straight wires of all directions that lie over each other.

Thin, long and sharp, they are what a support of fibres or a piece of wiring looks like, and far
from the statistics of natural images.
"""

import numpy as np

from tasks.core import Real64

LENGTH_RANGE_PX = (24.0, 120.0)
WIDTH_RANGE_PX = (1.5, 6.0)
LINES_PER_PX = 0.004
BACKGROUND_FRACTION = 0.5


def random_lines(shape: tuple[int, int], rng: np.random.Generator, _options: object) -> Real64:
    """Return lines whose amplitude and phase share edges but not values.

    Edges are one pixel soft, by the covered part of the pixel. A line may begin outside, so
    that the edges of the object are as full as its middle.
    """
    rim = LENGTH_RANGE_PX[1] / 2
    count = max(1, int(LINES_PER_PX * (shape[0] + 2 * rim) * (shape[1] + 2 * rim)))
    centres = rng.uniform(-rim, np.asarray(shape) + rim, size=(count, 2))
    angles = rng.uniform(0, np.pi, size=count)
    halves = np.column_stack(
        [rng.uniform(*LENGTH_RANGE_PX, size=count), rng.uniform(*WIDTH_RANGE_PX, size=count)]
    )
    values = rng.uniform(0, 1, size=(count, 2))

    fraction = np.full((2, *shape), BACKGROUND_FRACTION)
    for centre, angle, (length, width), value in zip(
        centres, angles, halves / 2, values, strict=True
    ):
        _draw_line(fraction, centre, angle, length, width, value)
    return fraction


def _draw_line(
    fraction: Real64,
    centre: Real64,
    angle_rad: float,
    half_length_px: float,
    half_width_px: float,
    value: Real64,
) -> None:
    """Lay one line over the maps, in place: the window of its bounding box is all it touches."""
    along = np.array([np.sin(angle_rad), np.cos(angle_rad)])
    reach = np.abs(along) * half_length_px + half_width_px + 1
    first = np.clip(np.floor(centre - reach), 0, fraction.shape[1:]).astype(int)
    last = np.clip(np.ceil(centre + reach) + 1, 0, fraction.shape[1:]).astype(int)
    rows, columns = np.ogrid[first[0] : last[0], first[1] : last[1]]
    y, x = rows - centre[0], columns - centre[1]
    beyond_end = np.abs(along[0] * y + along[1] * x) - half_length_px
    beyond_side = np.abs(along[1] * y - along[0] * x) - half_width_px
    covered = np.clip(0.5 - np.maximum(beyond_end, beyond_side), 0, 1)
    window = fraction[:, first[0] : last[0], first[1] : last[1]]
    window += covered * (value[:, None, None] - window)
