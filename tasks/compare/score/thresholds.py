"""Ring correlation of two objects, and the thresholds at which it is read.

For two halves of the data, each half reconstructed alone: 1 / 7 (Rosenthal & Henderson, J. Mol.
Biol. 333, 721 (2003)), and the half-bit and one-bit curves of van Heel & Schatz, J. Struct. Biol.
151, 250 (2005), with a signal-to-noise ratio of 0.2071 and 0.5 in each half. Two programs
that were given the same patterns share their noise: their correlation is agreement, no resolution.
"""

from collections.abc import Callable, Mapping

import numpy as np

from tasks.catalogue.scoring.frc import FEWEST_VALUES, FrcCurve
from tasks.core import Real, Real64

HALF_BIT_SNR, ONE_BIT_SNR = (np.sqrt(2) - 1) / 2, 0.5
SEVENTH = 1 / 7


def information_threshold(n_values: Real, snr: float) -> Real64:
    """Return the correlation at which a ring has so much signal over noise in each half.

    van Heel & Schatz: (S + 2 sqrt(S / n) + 1 / sqrt(n)) / (S + 1 + 2 sqrt(S / n)) for n
    independent complex values on the ring, half of the real ones.
    """
    root = np.sqrt(np.maximum(n_values / 2, 1.0))
    noise = 2 * np.sqrt(snr) / root
    return np.asarray((snr + noise + 1 / root) / (snr + 1 + noise))


# By name, with what each is for.
THRESHOLDS: Mapping[str, tuple[Callable[[Real], Real64], str]] = {
    "half-bit": (
        lambda n: information_threshold(n, HALF_BIT_SNR),
        "two halves of the data: half a bit of information per value of all the data (van Heel & "
        "Schatz 2005)",
    ),
    "one-bit": (
        lambda n: information_threshold(n, ONE_BIT_SNR),
        "two halves of the data: one bit per value of all the data (van Heel & Schatz 2005)",
    ),
    "1/7": (
        lambda n: np.full(n.shape, SEVENTH),
        "two halves of the data: the image of all the data correlates by one half with a "
        "noise-free one (Rosenthal & Henderson 2003)",
    ),
}


def crossing_per_px(curve: FrcCurve, threshold: Real) -> float | None:
    """Return where a correlation first falls below a threshold [1 / px]; None if it does not.

    The threshold has a value a ring, shape (K,); rings of few values are not looked at, and between
    rings both are linear.
    """
    known = curve.n_values >= FEWEST_VALUES
    frequency = np.concatenate([[0.0], curve.frequency_per_px[known]])
    above = np.concatenate([[1 - SEVENTH], (curve.correlation - threshold)[known]])
    below = np.flatnonzero(above < 0)
    if not len(below):
        return None
    after = int(below[0])
    share = above[after - 1] / (above[after - 1] - above[after])
    step = frequency[after] - frequency[after - 1]
    return float(frequency[after - 1] + share * step)
