"""Stored patterns, read some at a time: the memory need not hold a scan."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.core.files.foreign_hdf5 import open_foreign_hdf5

# Patterns in flight; a chunk of 128 x 128 px in double precision is 8 MiB.
PIXELS_AT_ONCE = 2**20

# How patterns lie in an array: (J, H, W), (H, W, J), or (K, L, H, W), a raster of K x L exposures.
Axes = Literal["nyx", "yxn", "mnyx"]


@dataclass(frozen=True)
class Patterns:
    """Patterns as they are stored: any type, any place of the zero frequency.

    Attributes:
        shape: Number of patterns, rows and columns (J, H, W).
        read: Returns the patterns from a start to a stop, shape (stop - start, H, W).
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    read: Callable[[int, int], NDArray[Any]]

    def parts(self) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield all patterns in order, some at a time, each part with the index of its first."""
        n_patterns, height, width = self.shape
        length = max(1, PIXELS_AT_ONCE // (height * width))
        for start in range(0, n_patterns, length):
            yield start, self.read(start, min(start + length, n_patterns))


def array_patterns(values: NDArray[Any], axes: Axes) -> Patterns:
    """Return the patterns of an array, in memory or mapped from a file without a name."""

    def read(start: int, stop: int) -> NDArray[Any]:
        return _read_some(values, axes, start, stop)

    return Patterns(_scan_shape(values.shape, axes), values.dtype, read)


def hdf5_patterns(path: Path, *datasets: h5py.Dataset) -> Patterns:
    """Return the patterns of datasets of the same H x W, one after the other, opened while read.

    ValueError if a dataset has neither three axes, nor four for a raster.
    """
    names = [data.name for data in datasets]
    axes = [_axes_of(data.shape, data.name.strip("/")) for data in datasets]
    shapes = [_scan_shape(data.shape, lie) for data, lie in zip(datasets, axes, strict=True)]
    counts = [shape[0] for shape in shapes]

    def read(start: int, stop: int) -> NDArray[Any]:
        found, first = [], 0
        with open_foreign_hdf5(path) as file:
            for name, lie, count in zip(names, axes, counts, strict=True):
                begin, end = max(start - first, 0), min(stop - first, count)
                if begin < end:
                    found.append(_read_some(file[name], lie, begin, end))
                first += count
        return found[0] if len(found) == 1 else np.concatenate(found)

    dtype = np.result_type(*(data.dtype for data in datasets))
    return Patterns((sum(counts), *shapes[0][1:]), dtype, read)


def _read_some(values: Any, axes: Axes, start: int, stop: int) -> NDArray[Any]:
    """Return some patterns of an array or a dataset, shape (stop - start, H, W)."""
    if axes == "yxn":
        return np.moveaxis(np.asarray(values[:, :, start:stop]), -1, 0)
    if axes == "mnyx":
        per_row = values.shape[1]
        rows = values[start // per_row : -(-stop // per_row)]
        skipped = start % per_row
        flat = rows.reshape(-1, *values.shape[2:])
        return np.asarray(flat[skipped : skipped + stop - start])
    return np.asarray(values[start:stop])


def _scan_shape(shape: tuple[int, ...], axes: Axes) -> tuple[int, int, int]:
    """Return (J, H, W) of an array of patterns."""
    if axes == "yxn":
        return shape[2], shape[0], shape[1]
    if axes == "mnyx":
        return shape[0] * shape[1], shape[2], shape[3]
    return shape[0], shape[1], shape[2]


def _axes_of(shape: tuple[int, ...], where: str) -> Axes:
    """Return how patterns lie in an array of three axes, or of four for a raster."""
    if len(shape) not in (3, 4):
        raise ValueError(
            f"{where} has the shape {shape}, expected patterns (J, H, W), or (rows, columns, H, W) "
            f"for a raster. Name the array that holds the patterns."
        )
    return "nyx" if len(shape) == 3 else "mnyx"
