"""The other orientations that a scan may have, and how each is cured."""

import numpy as np
from numpy.typing import NDArray

Turn = tuple[tuple[int, int], tuple[int, int]]

TURNS: dict[str, tuple[Turn, str]] = {
    "y and x swapped": (
        ((0, 1), (1, 0)),
        "swap the columns of positions_px, or transpose every pattern",
    ),
    "y negated": (((-1, 0), (0, 1)), "negate positions_px[:, 0], or flip every pattern along y"),
    "x negated": (((1, 0), (0, -1)), "negate positions_px[:, 1], or flip every pattern along x"),
    "y and x negated": (
        ((-1, 0), (0, -1)),
        "negate positions_px, or flip every pattern along both axes, or conjugate the probe",
    ),
    "a quarter turn": (
        ((0, 1), (-1, 0)),
        "swap the columns of positions_px and negate the second, or turn every pattern",
    ),
    "a quarter turn back": (
        ((0, -1), (1, 0)),
        "swap the columns of positions_px and negate the first, or turn every pattern",
    ),
    "y and x swapped and negated": (
        ((0, -1), (-1, 0)),
        "swap the columns of positions_px and negate both, or turn every pattern",
    ),
}
CORNER = "zero frequency in the corner"
CORNER_CURE = "move the zero frequency of every pattern to [N // 2, N // 2] by numpy.fft.fftshift"


def middle_exposures(positions_px: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    """Return the exposures closest to the middle of the scan, a square of neighbours."""
    centre = (positions_px.max(axis=0) + positions_px.min(axis=0)) / 2
    distance = np.abs(positions_px - centre).max(axis=1)
    return np.sort(np.argsort(distance, kind="stable")[:count])
