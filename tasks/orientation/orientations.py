"""The orientations that a scan may have, and how each is cured.

Every scan has a twin: probe and object conjugated and turned by 180 degrees, positions negated,
give the same patterns. Only a probe that is known tells the two apart.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

AS_STATED = "as stated"


class Orientation(NamedTuple):
    """Another orientation than the stated one: what turns (y, x) into it, and its cure."""

    matrix: tuple[tuple[int, int], tuple[int, int]]
    cure: str


ORIENTATIONS = {
    "y and x swapped": Orientation(
        ((0, 1), (1, 0)), "swap the columns of positions_px, or transpose every pattern"
    ),
    "y negated": Orientation(
        ((-1, 0), (0, 1)), "negate positions_px[:, 0], or flip every pattern along y"
    ),
    "x negated": Orientation(
        ((1, 0), (0, -1)), "negate positions_px[:, 1], or flip every pattern along x"
    ),
    "y and x negated": Orientation(
        ((-1, 0), (0, -1)),
        "negate positions_px, or flip every pattern along both axes, or conjugate the probe",
    ),
    "a quarter turn": Orientation(
        ((0, 1), (-1, 0)),
        "swap the columns of positions_px and negate the second, or turn every pattern",
    ),
    "a quarter turn back": Orientation(
        ((0, -1), (1, 0)),
        "swap the columns of positions_px and negate the first, or turn every pattern",
    ),
    "y and x swapped and negated": Orientation(
        ((0, -1), (-1, 0)),
        "swap the columns of positions_px and negate both, or turn every pattern",
    ),
}
CORNER = "zero frequency in the corner"
CORNER_CURE = "move the zero frequency of every pattern to [N // 2, N // 2] by numpy.fft.fftshift"
TWIN = "y and x negated"
TWINS = {
    AS_STATED: TWIN,
    "y negated": "x negated",
    "y and x swapped": "y and x swapped and negated",
    "a quarter turn": "a quarter turn back",
}


def middle_exposures(positions_px: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """Return the exposures closest to the middle of the scan, a square of neighbours."""
    centre = (positions_px.max(axis=0) + positions_px.min(axis=0)) / 2
    distance = np.abs(positions_px - centre).max(axis=1)
    return np.sort(np.argsort(distance, kind="stable")[:count])


def turned_positions(positions_px: NDArray[np.floating], name: str) -> NDArray[np.floating]:
    """Return positions (J, 2) in an orientation by its name."""
    if name == AS_STATED:
        return positions_px
    return np.asarray(positions_px @ np.asarray(ORIENTATIONS[name].matrix).T)
