"""Stored patterns, read some at a time: the memory need not hold a scan."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.core import Indices
from tasks.core.files.foreign_hdf5 import open_foreign_hdf5, refuse_unknown_filter

# Patterns in flight; a chunk of 128 x 128 px in double precision is 8 MiB.
PIXELS_AT_ONCE = 2**20

# How patterns lie in an array: (J, H, W), (J, W, H), (H, W, J), (W, H, J), or (K, L, H, W), a
# raster of K x L exposures. `nxy` is how HDF5 shows (H, W, J) of MATLAB.
Axes = Literal["nyx", "nxy", "yxn", "xyn", "mnyx"]


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

    def taken(self, indices: Indices) -> "Patterns":
        """Return some of the patterns, in the order of their indices (K,)."""

        def read(start: int, stop: int) -> NDArray[Any]:
            wanted = indices[start:stop]
            breaks = np.flatnonzero(np.diff(wanted) != 1) + 1
            runs = [run for run in np.split(wanted, breaks) if len(run)]
            found = [self.read(int(run[0]), int(run[-1]) + 1) for run in runs]
            return np.concatenate(found) if found else np.empty((0, *self.shape[1:]), self.dtype)

        return Patterns((len(indices), *self.shape[1:]), self.dtype, read)


def array_patterns(values: NDArray[Any], axes: Axes) -> Patterns:
    """Return the patterns of an array, in memory or mapped from a file without a name."""

    def read(start: int, stop: int) -> NDArray[Any]:
        return _read_some(values, axes, start, stop)

    return Patterns(_scan_shape(values.shape, axes), values.dtype, read)


def hdf5_patterns(
    path: Path, file: h5py.File, names: Sequence[str], axes: Axes | None = None
) -> Patterns:
    """Return the patterns of datasets of the same H x W, one after the other, opened while read.

    Datasets are found again by the names that lead to them from this file, through its links too.

    Args:
        path: The file.
        file: The same file, open.
        names: Names of the datasets.
        axes: How patterns lie in them; none: (J, H, W), or (K, L, H, W) of four axes.

    Raises:
        ValueError: If a dataset has other axes, another H x W than the first, or is packed by a
            filter that is not installed.
    """
    datasets = [file[name] for name in names]
    for name, data in zip(names, datasets, strict=True):
        refuse_unknown_filter(data, name)
    lies = [axes or _axes_of(d.shape, n) for n, d in zip(names, datasets, strict=True)]
    shapes = [_scan_shape(data.shape, lie) for data, lie in zip(datasets, lies, strict=True)]
    counts = [shape[0] for shape in shapes]
    for name, shape in zip(names, shapes, strict=True):
        if shape[1:] != shapes[0][1:]:
            raise ValueError(
                f"{path} has patterns of {shapes[0][1:]} px in {names[0]}, but of {shape[1:]} px "
                f"in {name}, expected one size. Name the patterns of one detector."
            )

    def read(start: int, stop: int) -> NDArray[Any]:
        found, first = [], 0
        with open_foreign_hdf5(path) as again:
            for name, lie, count in zip(names, lies, counts, strict=True):
                begin, end = max(start - first, 0), min(stop - first, count)
                if begin < end:
                    found.append(_read_some(again[name], lie, begin, end))
                first += count
        return found[0] if len(found) == 1 else np.concatenate(found)

    dtype = np.result_type(*(data.dtype for data in datasets))
    return Patterns((sum(counts), *shapes[0][1:]), dtype, read)


def _read_some(values: Any, axes: Axes, start: int, stop: int) -> NDArray[Any]:
    """Return some patterns of an array or a dataset, shape (stop - start, H, W)."""
    if axes in ("yxn", "xyn"):
        found = np.moveaxis(np.asarray(values[:, :, start:stop]), -1, 0)
        return found if axes == "yxn" else found.swapaxes(-2, -1)
    if axes == "mnyx":
        per_row = values.shape[1]
        rows = values[start // per_row : -(-stop // per_row)]
        skipped = start % per_row
        flat = rows.reshape(-1, *values.shape[2:])
        return np.asarray(flat[skipped : skipped + stop - start])
    found = np.asarray(values[start:stop])
    return found.swapaxes(-2, -1) if axes == "nxy" else found


def _scan_shape(shape: tuple[int, ...], axes: Axes) -> tuple[int, int, int]:
    """Return (J, H, W) of an array of patterns."""
    if axes == "mnyx":
        return shape[0] * shape[1], shape[2], shape[3]
    return shape[axes.index("n")], shape[axes.index("y")], shape[axes.index("x")]


def _axes_of(shape: tuple[int, ...], where: str) -> Axes:
    """Return how patterns lie in an array of three axes, or of four for a raster."""
    if len(shape) not in (3, 4):
        raise ValueError(
            f"{where} has the shape {shape}, expected patterns (J, H, W), or (rows, columns, H, W) "
            f"for a raster. Name the array that holds the patterns."
        )
    return "nyx" if len(shape) == 3 else "mnyx"
