"""Nesterov's acceleration between the epochs of a solver.

Each epoch starts not from the last result x_k, but from y_k = x_k + b_k (x_k - x_(k-1)) with
b_k = (k - 1) / (k + 2): Nesterov, Soviet Math. Dokl. 27, 372 (1983), in the form of Beck &
Teboulle, SIAM J. Imaging Sci. 2, 183 (2009). b_k is capped, because an epoch of minibatches is
not an exact gradient step and its noise would be amplified. The result is x_k.
"""

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complexfloating]

LARGEST_MOMENTUM = 0.95


def momentum(epoch: int, largest: float = LARGEST_MOMENTUM) -> float:
    """Return b_k after the k-th epoch (counted from 1): zero first, rising to the cap."""
    return min(largest, (epoch - 1) / (epoch + 2))


def extrapolate(current: Complex, previous: Complex, epoch: int) -> Complex:
    """Return the start of the next epoch: `current`, moved on along the last change."""
    return current + momentum(epoch) * (current - previous)
