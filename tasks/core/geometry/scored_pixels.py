"""Which pixels a scan lights well enough to be scored, and the largest rectangle of them."""

import numpy as np
import scipy.fft
from scipy.ndimage import distance_transform_edt

from tasks.core import Mask, Real
from tasks.core.geometry.patches import lit_pixels, scan_box

COVERAGE_FRACTION = 0.05
EROSION_PX = 4.0
MOST_CELLS = 160
LEAST_LIGHT = 1e-9


def eroded(lit: Mask, erosion_px: float) -> Mask:
    """Return the pixels that are further than a distance from any unlit one, shape (H, W)."""
    return np.asarray(distance_transform_edt(np.pad(lit, 1))[1:-1, 1:-1] > erosion_px)


def largest_rectangle(mask: Mask) -> tuple[slice, slice]:
    """Return the axis-aligned rectangle of most pixels inside a mask, the topmost of equals.

    Largest rectangle under a histogram, row by row, with a stack of rising columns; every column is
    looked at a bounded number of times. Rows and columns; both empty if the mask is.
    """
    best_area, best = 0, (slice(0, 0), slice(0, 0))
    heights = np.zeros(mask.shape[1], dtype=np.intp)
    for row, line in enumerate(mask):
        heights = np.where(line, heights + 1, 0)
        # Columns of equal height are one.
        starts = np.flatnonzero(np.diff(heights, prepend=-1)).tolist()
        stack: list[tuple[int, int]] = []
        for column, height in zip(
            [*starts, mask.shape[1]], [*heights[starts].tolist(), 0], strict=True
        ):
            start = column
            while stack and stack[-1][1] >= height:
                start, tall = stack.pop()
                if tall * (column - start) > best_area:
                    best_area = tall * (column - start)
                    best = (slice(row - tall + 1, row + 1), slice(start, column))
            stack.append((start, height))
    return best


def expected_sides_px(positions_px: Real, intensity: Real) -> tuple[int, int]:
    """Return the sides (y, x) [px] of the rectangle that a comparison of a scan would score.

    It foresees `scored_region` on a grid of at most 160 cells a side, so it is right to a cell or
    two: positions (y, x) [px], shape (J, 2), are moved to the nearest cell.

    Args:
        positions_px: Where the middle of the probe is, at least one.
        intensity: Of the probe, shape (N, N), in any unit.
    """
    n_px = intensity.shape[-1]
    box = scan_box(positions_px, n_px)
    cell = int(np.ceil(max(box.shape) / MOST_CELLS))
    places = np.floor(box.inside(positions_px) + 0.5).astype(np.intp) // cell
    shape = tuple(int(np.ceil(side / cell)) + 1 for side in box.shape)
    visits = np.zeros(shape)
    np.add.at(visits, tuple(places.T), 1.0)
    side = int(np.ceil(n_px / cell))
    padded = np.pad(intensity, (0, side * cell - n_px))
    spot = padded.reshape(side, cell, side, cell).sum(axis=(1, 3))
    spread = scipy.fft.irfft2(scipy.fft.rfft2(visits) * scipy.fft.rfft2(spot, shape), shape)
    middle = n_px // 2 // cell
    light = np.roll(spread, (-middle, -middle), axis=(0, 1))
    light = np.where(light > LEAST_LIGHT * light.max(), light, 0.0)
    scored = eroded(lit_pixels(light, COVERAGE_FRACTION), EROSION_PX / cell)
    rows, columns = largest_rectangle(scored)
    return (rows.stop - rows.start) * cell, (columns.stop - columns.start) * cell
