"""Pseudo-values: a metric of the whole image as the mean of nine values, one a block.

A block's value is the metric plus what the block adds to it, to first order (the infinitesimal
jackknife: Efron & Tibshirani, An Introduction to the Bootstrap, ch. 11 and 20), so blocks of any
number of pixels may be compared, and the spread of the nine tells how far the metric would
move on another part of the sample. Blocks of a third of the side are larger than the structures of
the error; single pixels are not independent.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from tasks.core import Mask, Real
from tasks.core.files.metrics_table import N_BLOCKS
from tasks.core.geometry.patches import bounding_box

BLOCKS_PER_SIDE = 3


def block_slices(shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    """Return rows and columns of the 3 x 3 blocks of an image, from the top left, row by row."""
    rows, columns = (
        np.round(np.linspace(0, n, BLOCKS_PER_SIDE + 1)).astype(int).tolist() for n in shape
    )
    return [
        (slice(top, bottom), slice(left, right))
        for top, bottom in pairwise(rows)
        for left, right in pairwise(columns)
    ]


def pseudo_values(values: Real, mask: Mask | None = None) -> Real:
    """Return the pseudo-values of the mean of an image, shape (9,).

    With m the mean of all N pixels, and m_b that of the n_b pixels of block b of B, they are
    m + B n_b / N (m_b - m); their mean is m. A block without pixels has m. Image and mask have
    shape (H, W); the blocks divide the bounding box of the mask.

    Raises:
        ValueError: If there is no pixel.
    """
    if mask is not None:
        box = bounding_box(mask)
        values, mask = np.where(mask[box], values[box], 0.0), mask[box]
    slices = block_slices(values.shape)
    sums = np.array([values[block].sum() for block in slices])
    counts = np.array([values[b].size if mask is None else mask[b].sum() for b in slices])
    total = int(counts.sum())
    if total == 0:
        raise ValueError("There is no pixel to share among blocks. Give a mask that holds some.")
    mean = sums.sum() / total
    return np.asarray(mean + N_BLOCKS / total * (sums - counts * mean))


def pseudo_psnr(psnr: float, squared_errors: Real) -> Real:
    """Return the pseudo-values of the PSNR [dB] from those of the MSE, by the delta method.

    Both have shape (9,); the mean of the MSE's is positive, that of the result is the PSNR.
    """
    mean = squared_errors.mean()
    return np.asarray(psnr - 10 / np.log(10) * (squared_errors - mean) / mean)


def pseudo_product(
    product: float, factors: Sequence[Real], weights: Sequence[float]
) -> Real | None:
    """Return the pseudo-values of prod_j c_j^w_j, shape (9,), from those of every c_j.

    None if a factor is not positive, where the product is cut at 0 and has no derivative.
    """
    total = np.zeros(N_BLOCKS)
    for factor, weight in zip(factors, weights, strict=True):
        mean = factor.mean()
        if mean <= 0:
            return None
        total += weight * (factor - mean) / mean
    return np.asarray(product * (1 + total))
