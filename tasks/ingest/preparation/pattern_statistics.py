"""One pass over all patterns of a scan: what checks and preparation need to know of them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.core import Mask, Real64

TOP_VALUES = 2000
SAMPLE_VALUES = 4000
LARGEST_SAMPLE = 400_000
LARGEST_VALUE = 1e15


@dataclass(frozen=True)
class PatternStatistics:
    """Statistics of the cropped patterns, in the unit of the file.

    Invalid values, negative, not finite or above 1e15, count as zero here.

    Attributes:
        mean: Mean pattern, as `largest` and `invalid` (how often a pixel was it) of shape (N, N).
        light: Sum of every pattern, shape (J,).
        centres_px: Centre of mass (y, x) of every pattern, shape (J, 2).
        sample: Some positive values of all of the scan, sorted.
        top: The largest values of the scan, sorted downwards.
        first_invalid: Index (pattern, row, column) of the first invalid value.
    """

    mean: Real64
    largest: Real64
    invalid: NDArray[np.int64]
    light: Real64
    centres_px: Real64
    all_integer: bool
    sample: Real64
    top: Real64
    first_invalid: tuple[int, int, int] | None


def measure_patterns(
    parts: Iterable[tuple[int, Real64]], good: Mask, n_patterns: int
) -> PatternStatistics:
    """Look at all patterns once, some at a time; refuse patterns without light.

    Parts are intensities (any, N, N) with the index of the first. Pixels that are not good (N, N)
    count nowhere.
    """
    total, largest = np.zeros((2, *good.shape))
    invalid = np.zeros(good.shape, dtype=np.int64)
    light, centres = np.zeros(n_patterns), np.zeros((n_patterns, 2))
    all_integer, first_invalid = True, None
    samples, top = [np.empty(0)], np.empty(0)
    axis = np.arange(good.shape[0], dtype=np.float64)
    for start, part in parts:
        bad = ~((part >= 0) & (part < LARGEST_VALUE)) & good
        if first_invalid is None and bad.any():
            index, row, column = (int(value) for value in np.argwhere(bad)[0])
            first_invalid = (start + index, row, column)
        invalid += bad.sum(axis=0)
        clean = np.where(bad | ~good, 0.0, part)
        all_integer = all_integer and bool(np.all(clean == np.rint(clean)))
        total += clean.sum(axis=0)
        np.maximum(largest, clean.max(axis=0), out=largest)
        here = slice(start, start + len(part))
        light[here] = clean.sum(axis=(1, 2))
        weight = np.maximum(light[here], np.finfo(float).tiny)
        centres[here, 0] = clean.sum(axis=2) @ axis / weight
        centres[here, 1] = clean.sum(axis=1) @ axis / weight
        top = _merged_top(top, clean)
        samples.append(_some_positive(clean))
    if not total.any():
        raise ValueError(
            "The patterns are zero or masked everywhere. Check the shutter, the mask's sense "
            "(--mask.sense) and which array holds the patterns."
        )
    sample = np.sort(np.concatenate(samples))
    step = max(1, len(sample) // LARGEST_SAMPLE)
    sample = np.concatenate([sample[:SAMPLE_VALUES], sample[::step]])
    mean = total / n_patterns
    return PatternStatistics(
        mean, largest, invalid, light, centres, all_integer, sample, top, first_invalid
    )


def _merged_top(top: Real64, values: Real64) -> Real64:
    """Return the largest values so far, sorted downwards."""
    flat = values.ravel()
    if len(top) == TOP_VALUES:
        flat = flat[flat >= top[-1]]
    if len(flat) > TOP_VALUES:
        flat = np.partition(flat, len(flat) - TOP_VALUES)[-TOP_VALUES:]
    return np.sort(np.concatenate([top, flat]))[::-1][:TOP_VALUES]


def _some_positive(values: Real64) -> Real64:
    """Return positive values spread evenly over some patterns, and the smallest."""
    positive = values[values > 0]
    if not len(positive):
        return positive
    step = max(1, len(positive) // SAMPLE_VALUES)
    return np.concatenate([positive[::step], [positive.min()]])
