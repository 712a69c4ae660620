"""Patterns put aside on the disk: random access without holding them all in memory."""

import os
import tempfile
import weakref

import numpy as np
from numpy.typing import DTypeLike, NDArray


class ScratchPatterns:
    """Patterns in a file without a name, which the system frees with this process."""

    def __init__(self, n_px: int, dtype: DTypeLike) -> None:
        self._file = tempfile.TemporaryFile(prefix="phase-g-patterns-")  # noqa: SIM115 - kept open
        weakref.finalize(self, self._file.close)
        self._shape, self._dtype = (n_px, n_px), np.dtype(dtype)
        self._size = n_px * n_px * self._dtype.itemsize

    def append(self, patterns: NDArray[np.generic]) -> None:
        """Append patterns, shape (any, N, N), of the type that was announced."""
        self._file.write(np.ascontiguousarray(patterns, dtype=self._dtype).data)

    def read(self, indices: NDArray[np.intp]) -> NDArray[np.unsignedinteger]:
        """Return patterns by index, any order, shape (any, N, N)."""
        self._file.flush()
        found = np.empty((len(indices), *self._shape), dtype=self._dtype)
        for place, index in enumerate(indices):
            content = os.pread(self._file.fileno(), self._size, int(index) * self._size)
            found[place] = np.frombuffer(content, dtype=self._dtype).reshape(self._shape)
        return found
