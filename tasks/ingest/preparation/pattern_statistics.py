"""One pass over all patterns of a scan: what checks and preparation need to know of them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.core import Mask, Real64
from tasks.ingest.file_scan import LARGEST_COUNTABLE
from tasks.ingest.preparation.cropping import MARKED

TOP_VALUES = 2000
SAMPLE_VALUES = 4000
LARGEST_SAMPLE = 400_000


@dataclass(frozen=True)
class PatternStatistics:
    """Statistics of the cropped patterns at their good pixels, in the unit of the file.

    Invalid values, negative, not finite or above 1e15, count as zero here. Light is what is left
    of a pattern after dark and background are subtracted; stored values tell of detector and unit.

    Attributes:
        mean: Mean pattern of light, shape (N, N).
        largest: Largest stored value of each pixel, shape (N, N).
        invalid: How often each pixel was invalid, shape (N, N).
        marked: Pixels that held the largest integer of a type, which no detector counts, (N, N).
        light: Light of every pattern, shape (J,).
        centres_px: Centre of mass (y, x) of the light of every pattern, shape (J, 2).
        all_integer: Whether all stored values are whole numbers.
        sample: Some positive stored values of all of the scan, sorted.
        top: The largest stored values of the scan, sorted downwards.
        first_invalid: Index (pattern, row, column) of the first invalid value.
    """

    mean: Real64
    largest: Real64
    invalid: NDArray[np.int64]
    marked: Mask
    light: Real64
    centres_px: Real64
    all_integer: bool
    sample: Real64
    top: Real64
    first_invalid: tuple[int, int, int] | None


def measure_patterns(
    parts: Iterable[tuple[int, Real64]],
    good: Mask,
    n_patterns: int,
    background: Real64 | None = None,
) -> PatternStatistics:
    """Look at all patterns once, some at a time; refuse patterns without light.

    Parts are intensities (any, N, N) with the index of the first. Pixels that are not good (N, N)
    count nowhere. The background (N, N) is in the unit of the parts.
    """
    total, largest = np.zeros((2, *good.shape))
    invalid, marked = np.zeros(good.shape, dtype=np.int64), np.zeros(good.shape, dtype=np.bool_)
    light, centres = np.zeros(n_patterns), np.zeros((n_patterns, 2))
    all_integer, first_invalid = True, None
    samples, top = [np.empty(0)], np.empty(0)
    axis = np.arange(good.shape[0], dtype=np.float64)
    for start, part in parts:
        bad = ~((part >= 0) & (part < LARGEST_COUNTABLE)) & good
        # A pattern without a single count was lost as a whole, and says nothing of its pixels.
        bad &= np.any(~bad & good, axis=(1, 2), keepdims=True)
        is_marked = bad & (part >= MARKED) & (part < np.inf)
        marked |= is_marked.any(axis=0)
        faulty = bad & ~is_marked
        if first_invalid is None and faulty.any():
            index, row, column = (int(value) for value in np.argwhere(faulty)[0])
            first_invalid = (start + index, row, column)
        invalid += faulty.sum(axis=0)
        is_value = (part >= 0) & (part < LARGEST_COUNTABLE) & good
        clean = np.where(is_value, part, 0.0)
        all_integer = all_integer and bool(np.all(clean == np.rint(clean)))
        np.maximum(largest, clean.max(axis=0), out=largest)
        top = _merged_top(top, clean)
        samples.append(_some_positive(clean))
        # To clip what noise leaves below zero would add light that was not there.
        lit = clean if background is None else np.where(is_value, clean - background, 0.0)
        total += lit.sum(axis=0)
        here = slice(start, start + len(part))
        light[here] = lit.sum(axis=(1, 2))
        lit = lit.clip(min=0)
        weight = np.maximum(lit.sum(axis=(1, 2)), np.finfo(float).tiny)
        centres[here, 0] = lit.sum(axis=2) @ axis / weight
        centres[here, 1] = lit.sum(axis=1) @ axis / weight
    if not total.sum() > 0:
        raise ValueError(
            "The patterns are zero or masked everywhere. Check the shutter, the mask's sense "
            "(--mask.sense), dark and background (--patterns.dark.file, "
            "--patterns.background-per-px), and which array holds the patterns."
        )
    sample = np.sort(np.concatenate(samples))
    step = max(1, len(sample) // LARGEST_SAMPLE)
    sample = np.concatenate([sample[:SAMPLE_VALUES], sample[::step]])
    return PatternStatistics(
        mean=(total / n_patterns).clip(min=0),
        largest=largest,
        invalid=invalid,
        marked=marked,
        light=light,
        centres_px=centres,
        all_integer=all_integer,
        sample=sample,
        top=top,
        first_invalid=first_invalid,
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
