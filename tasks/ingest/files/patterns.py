"""Stored patterns, read some at a time: the memory need not hold a scan."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tasks.ingest.files.hdf5 import open_foreign_hdf5

# Patterns in flight; a chunk of 128 x 128 px in double precision is 8 MiB.
PIXELS_AT_ONCE = 2**20

Axes = Literal["nyx", "yxn", "mnyx"]


class PatternSource(Protocol):
    """Patterns as they are stored: any type, any place of the zero frequency.

    Attributes:
        shape: Number of patterns, rows and columns (J, H, W).
        dtype: Type of the stored values.
    """

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return (J, H, W)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the type of the stored values."""

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return the patterns from `start` to `stop`, shape (stop - start, H, W)."""


def parts_of(source: PatternSource) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield all patterns in order, some at a time, each part with the index of its first."""
    n_patterns, height, width = source.shape
    length = max(1, PIXELS_AT_ONCE // (height * width))
    for start in range(0, n_patterns, length):
        yield start, source.read(start, min(start + length, n_patterns))


@dataclass(frozen=True)
class ArrayPatterns:
    """Patterns of an array, in memory or mapped from a file without a name.

    Attributes:
        values: The array, shape as `axes` says.
        axes: nyx (J, H, W), yxn (H, W, J) or mnyx (K, L, H, W), a raster of K x L exposures.
    """

    values: NDArray[Any]
    axes: Axes = "nyx"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return (J, H, W)."""
        return scan_shape(self.values.shape, self.axes)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the type of the stored values."""
        return self.values.dtype

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return the patterns from `start` to `stop`."""
        if self.axes == "yxn":
            return np.moveaxis(np.asarray(self.values[..., start:stop]), -1, 0)
        return np.asarray(self.values.reshape(self.shape)[start:stop])


@dataclass(frozen=True)
class Hdf5Part:
    """One dataset of patterns.

    Attributes:
        name: Its name in the file.
        shape: Its shape.
        dtype: Its type.
        axes: See `ArrayPatterns`.
    """

    name: str
    shape: tuple[int, ...]
    dtype: DTypeLike
    axes: Axes = "nyx"

    @property
    def scan_shape(self) -> tuple[int, int, int]:
        """Number of patterns, rows and columns."""
        return scan_shape(self.shape, self.axes)


@dataclass(frozen=True)
class Hdf5Patterns:
    """Patterns of one or several datasets of an HDF5 file, one after the other.

    Attributes:
        path: The file; it is open only while it is read.
        parts: Its datasets, all of the same H x W.
    """

    path: Path
    parts: tuple[Hdf5Part, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Return (J, H, W)."""
        _, height, width = self.parts[0].scan_shape
        return sum(part.scan_shape[0] for part in self.parts), height, width

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the type of the stored values."""
        return np.result_type(*(np.dtype(part.dtype) for part in self.parts))

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Return the patterns from `start` to `stop`."""
        found, first = [], 0
        with open_foreign_hdf5(self.path) as file:
            for part in self.parts:
                count = part.scan_shape[0]
                begin, end = max(start - first, 0), min(stop - first, count)
                if begin < end:
                    found.append(_read_part(file[part.name], part.axes, begin, end))
                first += count
        return found[0] if len(found) == 1 else np.concatenate(found)


def _read_part(dataset: Any, axes: Axes, start: int, stop: int) -> NDArray[Any]:
    """Return some patterns of one dataset, shape (stop - start, H, W)."""
    if axes == "yxn":
        return np.moveaxis(dataset[:, :, start:stop], -1, 0)
    if axes == "mnyx":
        per_row = dataset.shape[1]
        rows = dataset[start // per_row : -(-stop // per_row)]
        skipped = start - (start // per_row) * per_row
        flat = rows.reshape(-1, *dataset.shape[2:])
        return np.asarray(flat[skipped : skipped + stop - start])
    return np.asarray(dataset[start:stop])


def scan_shape(shape: tuple[int, ...], axes: Axes) -> tuple[int, int, int]:
    """Return (J, H, W) of an array of patterns."""
    if axes == "yxn":
        return shape[2], shape[0], shape[1]
    if axes == "mnyx":
        return shape[0] * shape[1], shape[2], shape[3]
    return shape[0], shape[1], shape[2]


def axes_of(shape: tuple[int, ...], where: str) -> Axes:
    """Return how patterns lie in an array of three axes, or of four for a raster.

    Raises:
        ValueError: If the array has another number of axes.
    """
    if len(shape) not in (3, 4):
        raise ValueError(
            f"{where} has the shape {shape}, expected patterns (J, H, W), or (rows, columns, H, W) "
            f"for a raster. Name the array that holds the patterns."
        )
    return "nyx" if len(shape) == 3 else "mnyx"
