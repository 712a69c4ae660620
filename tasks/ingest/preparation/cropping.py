"""From stored patterns to intensities as the project has them: oriented, centred, cropped, binned.

All steps move pixels or square values; nothing is scaled, and nothing is lost but what is cropped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core import Indices, Mask, Real64
from tasks.ingest.file_options import Recentre, Values, ZeroFrequency
from tasks.ingest.file_scan import LARGEST_COUNTABLE, is_marker
from tasks.ingest.params import IngestParams, PatternParams
from tasks.ingest.preparation.dark_frames import read_dark
from tasks.ingest.preparation.marked_pixels import find_marked_pixels
from tasks.ingest.resolved_scan import ResolvedScan

SMALLEST_PX = 16
# In place of a marker: larger than all that is counted, also when pixels are added up.
MARKED = 1e300


@dataclass(frozen=True)
class Crop:
    """Which part of an oriented pattern is kept.

    Attributes:
        centre_px: Row and column of the zero frequency in the oriented pattern.
        n_px: Side of the prepared pattern.
        binning: Pixels that are added up along each side.
    """

    centre_px: tuple[int, int]
    n_px: int
    binning: int

    def of(self, patterns: NDArray[Any]) -> NDArray[Any]:
        """Return the part of oriented patterns, (..., H, W) to (..., n_px * binning, same)."""
        half = self.n_px * self.binning // 2
        (row, column) = self.centre_px
        return patterns[..., row - half : row + half, column - half : column + half]

    def binned(self, patterns: NDArray[Any]) -> NDArray[Any]:
        """Return the part with its pixels added up, shape (..., n_px, n_px)."""
        return self._blocks(patterns).sum(axis=(-3, -1)) if self.binning > 1 else self.of(patterns)

    def all_of(self, good: Mask) -> Mask:
        """Return where every pixel that is added up is good, shape (n_px, n_px)."""
        return np.asarray(self._blocks(good).all(axis=(-3, -1)))

    def _blocks(self, patterns: NDArray[Any]) -> NDArray[Any]:
        part = self.of(patterns)
        side = (self.n_px, self.binning)
        return part.reshape(*part.shape[:-2], *side, *side)


def oriented(
    patterns: NDArray[Any], zero_frequency: ZeroFrequency, params: PatternParams
) -> NDArray[Any]:
    """Return patterns with the zero frequency at [H // 2, W // 2], where flips leave it."""
    if zero_frequency is ZeroFrequency.CORNER:
        patterns = np.fft.fftshift(patterns, axes=(-2, -1))
    if params.transpose:
        patterns = patterns.swapaxes(-2, -1)
    for axis, flip in ((-2, params.flip_y), (-1, params.flip_x)):
        if flip:
            patterns = np.roll(np.flip(patterns, axis), 1 - patterns.shape[axis] % 2, axis)
    return patterns


@dataclass(frozen=True)
class CroppedScan:
    """A scan, some of whose pixels are kept; its patterns are read some at a time."""

    scan: ResolvedScan
    params: IngestParams
    crop: Crop

    def intensities(self) -> Iterator[tuple[int, Real64]]:
        """Yield all intensities, some at a time, with the index of the first, shape (any, N, N)."""
        for start, stored in self.scan.patterns.parts():
            yield start, self._intensities_of(stored)

    def some(self, indices: Indices) -> Real64:
        """Return the intensities of a few patterns by index, shape (len(indices), N, N)."""
        found = np.empty((len(indices), self.crop.n_px, self.crop.n_px))
        for place, index in enumerate(indices.tolist()):
            found[place] = self._intensities_of(self.scan.patterns.read(index, index + 1))[0]
        return found

    def mask(self, good: Mask) -> Mask:
        """Return the good pixels of the prepared patterns, shape (N, N), from those as stored."""
        return self.crop.all_of(self._oriented(good))

    def frame(self, stored: Real64) -> Real64:
        """Return a frame like the patterns, such as a dark one, for the prepared pixels."""
        return np.asarray(self.crop.binned(self._oriented(stored)))

    def _oriented(self, stored: NDArray[Any]) -> NDArray[Any]:
        return oriented(stored, self.scan.zero_frequency, self.params.patterns)

    def _intensities_of(self, stored: NDArray[Any]) -> Real64:
        """Return stored patterns as intensities in the unit of the file, shape (any, N, N)."""
        crop = self.crop
        part = crop.of(self._oriented(stored))
        # What is no number, or far too large, is found and named by `measure_patterns`.
        with np.errstate(over="ignore", invalid="ignore"):
            values = part.astype(np.float64)
            if self.scan.values is Values.AMPLITUDE:
                values = np.where(values < 0, -1.0, values * values)
        values[is_marker(part)] = MARKED
        inner = Crop((crop.n_px * crop.binning // 2,) * 2, crop.n_px, crop.binning)
        return np.asarray(inner.binned(values))


def crop_scan(scan: ResolvedScan, params: IngestParams) -> CroppedScan:
    """Choose the part that is kept; refuse a side that does not fit around the zero frequency."""
    asked = params.patterns
    height, width = scan.patterns.shape[1:]
    if asked.transpose:
        height, width = width, height
    row, column = height // 2, width // 2
    if asked.recentre is Recentre.MASS:
        row, column = _centre_of_mass(scan, params)
    fitting = 2 * (min(row, column, height - row, width - column) // asked.binning)
    n_px = params.n_px or fitting
    if n_px > fitting or n_px < SMALLEST_PX:
        raise ValueError(
            f"Patterns of {height} x {width} px, binned by {asked.binning}, have at most {fitting} "
            f"px around the zero frequency at ({row}, {column}), and at least {SMALLEST_PX} are "
            f"needed; got {n_px}. Lower --n-px or --patterns.binning."
        )
    return CroppedScan(scan, params, Crop((row, column), n_px, asked.binning))


def _centre_of_mass(scan: ResolvedScan, params: IngestParams) -> tuple[int, int]:
    """Return the centre of mass of the mean pattern, to the nearest pixel."""
    total: Real64 | None = None
    for _, stored in scan.patterns.parts():
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.where(is_marker(stored), 0.0, stored.astype(np.float64))
            values = values * values if scan.values is Values.AMPLITUDE else values
            values = np.where((values > 0) & (values < LARGEST_COUNTABLE), values, 0.0)
        total = values.sum(axis=0) + (0.0 if total is None else total)
    if total is None or not total.any():
        raise ValueError("The patterns are zero everywhere. Check the shutter.")
    dark = read_dark(scan, params.patterns)
    marked = find_marked_pixels(scan.patterns, None if dark is None else dark.values)
    total = np.where(marked.gaps | marked.stuck, 0.0, total)
    if scan.good is not None:
        total = np.where(scan.good, total, 0.0)
    mean = oriented(total, scan.zero_frequency, params.patterns)
    rows, columns = np.indices(mean.shape)
    weight = mean.sum()
    return round(float((rows * mean).sum() / weight)), round(float((columns * mean).sum() / weight))
