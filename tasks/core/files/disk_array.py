"""Arrays on the disk: as large as they need be, while the memory holds what is in use."""

import tempfile
from typing import Any

import numpy as np
from numpy.typing import DTypeLike


def scratch_array(shape: tuple[int, ...], dtype: DTypeLike) -> "np.memmap[Any, Any]":
    """Return an array of zeros in a file without a name, freed with the last reference to it.

    Its pages are the system's to write out and to read again, so it may be larger than the memory.
    """
    with tempfile.TemporaryFile(prefix="phase-g-array-") as file:
        return np.memmap(file, dtype=dtype, mode="w+", shape=shape)
