"""How much a reconstruction depends on the order in which the patterns were taken."""

import numpy as np
from numpy.typing import NDArray


def spread_of(objects: NDArray[np.complexfloating], lit: NDArray[np.bool_]) -> float:
    """Return the r.m.s. deviation of objects from their mean, relative to it.

    A global phase, which no counts can tell, is taken out before.

    Args:
        objects: One object an order, shape (K, H, W), K at least 2.
        lit: Pixels that matter, shape (H, W).
    """
    values = objects[:, lit].astype(np.complex128)
    overlaps = values @ values[0].conj()
    values = values * np.exp(-1j * np.angle(overlaps))[:, None]
    mean = values.mean(axis=0)
    variance = np.sum(np.abs(values - mean) ** 2) / (len(values) - 1)
    return float(np.sqrt(variance / np.sum(np.abs(mean) ** 2)))
