"""Rows and columns at the rim of the detector that never count, though light would be there.

A gap at the rim has one lit side alone. Light itself may end there too, but then otherwise: a
bright field ends in a curve, or on both sides of the pattern, and what is scattered beyond fades.
"""

import numpy as np
from numpy.typing import NDArray

from tasks.core import Mask, Real64

EXPECTED, WIDEST_SHARE = 20.0, 0.25
LIT_LINES, LEAST_PHOTONS = 4, 50.0
# A straight edge cuts lines of one width; towards the end of a disc they become shorter.
STRAIGHT = 1.3
# Light outside the bright field, that fades by less than this from line to line.
FAINT, SMOOTH = 0.1, 0.5


def rim_gaps(counted: Real64, good: Mask) -> Mask:
    """Return whole lines at the rim that would have counted 20 photons, shape (N, N).

    Args:
        counted: Photons of the scan in each pixel, shape (N, N).
        good: Pixels that may count, shape (N, N).
    """
    gaps = np.zeros_like(good)
    for turns in range(4):
        turned, known = np.rot90(counted, turns), np.rot90(good, turns)
        lit = np.where(known, turned, 0.0)
        n_lines = _gap_lines(lit, known)
        np.rot90(gaps, turns)[:n_lines] = known[:n_lines]
    return gaps


def _gap_lines(lit: Real64, known: Mask) -> int:
    """Return how many of the first lines are a gap."""
    sums, is_known = lit.sum(axis=1), np.asarray(known.any(axis=1))
    places = np.flatnonzero(sums > 0)
    if not len(places):
        return 0
    first = int(places[0])
    n_gap = int(np.count_nonzero(is_known[:first]))
    inner = lit[first : first + LIT_LINES]
    if not n_gap or first > WIDEST_SHARE * len(lit) or len(inner) < LIT_LINES:
        return 0
    near, far = inner[0].sum(), inner[-1].sum()
    if min(near, far) < LEAST_PHOTONS:
        return 0
    fading = min(1.0, float((near / far) ** (1 / (LIT_LINES - 1))))
    expected = float(near * np.sum(fading ** np.arange(1, n_gap + 1)))
    is_straight = _width(inner[-1]) < STRAIGHT * _width(inner[0])
    if expected < EXPECTED or not is_straight:
        return 0
    is_faint = near < FAINT * sums.max() and fading > SMOOTH
    return first if is_faint or _is_lit_opposite(sums, is_known, first) else 0


def _width(line: Real64) -> float:
    """Return the root mean square width of the light of a line [px]; a single pixel has 0.3."""
    x = np.arange(len(line))
    middle = np.average(x, weights=line)
    return float(np.sqrt(np.average((x - middle) ** 2, weights=line) + 1 / 12))


def _is_lit_opposite(sums: Real64, is_known: NDArray[np.bool_], n_lines: int) -> bool:
    """Tell whether lines at the other rim have light, each of them and together enough."""
    other = sums[-n_lines:][is_known[-n_lines:]]
    return bool(len(other) and np.all(other > 0) and other.sum() >= EXPECTED)
