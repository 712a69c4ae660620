"""Where a difference changes its sign between measured doses and overlaps.

Between neighbouring measured points a difference is taken to be linear in the logarithm of the dose
and in the overlap ratio. Beyond the measured points nothing is said.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from contourpy import contour_generator
from numpy.typing import ArrayLike

Line = list[list[float]]


def zero_crossings(doses: Sequence[float], values: Sequence[float | None]) -> list[float]:
    """Return the doses at which a difference is zero, at one overlap.

    Args:
        doses: Photons per pattern, rising.
        values: The difference at each; None where it is not known, and nothing is said beside it.

    Returns:
        Doses, rising; one at which the measured difference is zero is given once.
    """
    known = zip(np.log10(doses), values, strict=True)
    points = [(float(x), value) for x, value in known]
    found = [x for x, value in points if value == 0]
    for (x, value), (next_x, next_value) in pairwise(points):
        if value is not None and next_value is not None and value * next_value < 0:
            found.append(x + (next_x - x) * value / (value - next_value))
    return [float(10**x) for x in sorted(found)]


def zero_lines(doses: Sequence[float], overlaps: Sequence[float], values: ArrayLike) -> list[Line]:
    """Return the lines along which a difference is zero, inside of the measured points.

    Args:
        doses: Photons per pattern, rising, shape (D,).
        overlaps: Overlap ratios, rising, shape (V,).
        values: The difference, shape (V, D); NaN where it is not known.

    Returns:
        Lines of points [dose, overlap ratio]; none where the measured points span no area.
    """
    if min(len(doses), len(overlaps)) < 2:
        return []
    masked = np.ma.masked_invalid(np.asarray(values, dtype=float))
    generator = contour_generator(np.log10(doses), np.asarray(overlaps), masked, corner_mask=True)
    return [
        [[float(10**x), float(y)] for x, y in np.asarray(line)]
        for line in generator.lines(0.0)
        if len(line) > 1
    ]


def side_of(gains: Sequence[float | None]) -> str | None:
    """Return on which side of break-even all known points lie.

    Args:
        gains: Differences, above zero where the subject is better.

    Returns:
        `better`, `worse` or `mixed`; None where nothing is known.
    """
    known = [gain for gain in gains if gain is not None]
    if not known:
        return None
    if all(gain > 0 for gain in known):
        return "better"
    return "worse" if all(gain < 0 for gain in known) else "mixed"
