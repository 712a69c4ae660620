"""The mean of the last iterates of a solver that wanders about its solution."""

import numpy as np
from numpy.typing import NDArray


class TailMean:
    """The running mean of the objects of the last epochs; before them, the object as it is."""

    def __init__(self, first_averaged: int) -> None:
        """Average from an epoch on, counted from 1."""
        self._first = first_averaged
        self._sum: NDArray[np.complex128] | None = None

    def after(self, epoch: int, object_: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """Return what is the result after an epoch, given its object (H, W); call it in order."""
        if epoch < self._first:
            return object_
        self._sum = object_.astype(np.complex128) + (0 if self._sum is None else self._sum)
        mean: NDArray[np.complex64] = (self._sum / (epoch - self._first + 1)).astype(np.complex64)
        return mean
