"""Cutting an object at scan positions, and placing patches back: an exact pair of adjoints.

A position names the object pixel under pixel [N // 2, N // 2] of the patch. A position that is
not an integer cuts at the nearest pixel (`floor(y + 0.5)`); the rest belongs to the probe
(`shifted_probes`), so that patches are never interpolated.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tasks.core import Complex, Indices, Mask, Real, Real64
from tasks.core.physics.forward import fourier_shift

BRIGHT_PERCENTILE = 95

Number = TypeVar("Number", bound=np.inexact)
Scalar = TypeVar("Scalar", bound=np.generic)


def split_positions(positions_px: Real) -> tuple[Indices, Real]:
    """Split positions (J, 2) into the nearest pixel and the rest in [-0.5, 0.5) px."""
    nearest = np.floor(positions_px + 0.5)
    return nearest.astype(np.intp), positions_px - nearest


def patch_corners(positions_px: Real, n_px: int, shape: tuple[int, int]) -> Indices:
    """Return row and column of the first pixel of the patch at every position, shape (J, 2).

    Positions (y, x) [px] have the shape (J, 2), the object (H, W). ValueError if a patch leaves the
    object, or its side is odd.
    """
    if n_px % 2:
        raise ValueError(f"Patches need an even side, got {n_px} px. Crop or pad by one pixel.")
    nearest, _ = split_positions(positions_px)
    corners = nearest - n_px // 2
    outside = np.any((corners < 0) | (corners + n_px > np.asarray(shape)), axis=1)
    if np.any(outside):
        first = int(np.argmax(outside))
        raise ValueError(
            f"{int(outside.sum())} of {len(positions_px)} patches of {n_px} px leave the object "
            f"of {shape[0]} x {shape[1]} px, the first at position {first} "
            f"(y, x) = {tuple(np.round(positions_px[first], 2).tolist())}. Enlarge the object or "
            f"keep positions at least {n_px // 2} px from its edges."
        )
    return corners


def extract_patches(object_: NDArray[Scalar], positions_px: Real, n_px: int) -> NDArray[Scalar]:
    """Cut the object (H, W) at every position (y, x) [px], (J, 2): copies of shape (J, N, N).

    ValueError if a patch leaves the object, or its side is odd.
    """
    height, width = object_.shape
    corners = patch_corners(positions_px, n_px, (height, width))
    windows = sliding_window_view(object_, (n_px, n_px))
    return windows[corners[:, 0], corners[:, 1]]


def place_patches(
    patches: NDArray[Number], positions_px: Real, shape: tuple[int, int]
) -> NDArray[Number]:
    """Add patches (J, N, N) onto an empty canvas (H, W): the adjoint of `extract_patches`.

    Positions (y, x) [px] have the shape (J, 2). ValueError if a patch leaves the canvas.
    """
    n_px = patches.shape[-1]
    canvas = np.zeros(shape, dtype=patches.dtype)
    for patch, (row, column) in zip(patches, patch_corners(positions_px, n_px, shape), strict=True):
        canvas[row : row + n_px, column : column + n_px] += patch
    return canvas


def shifted_probes(probe: Complex, positions_px: Real) -> Complex:
    """Return the probe moved by the sub-pixel rest of every position, shape (J, N, N)."""
    _, rests = split_positions(positions_px)
    return fourier_shift(probe, rests).astype(probe.dtype, copy=False)


def illumination_map(
    probe: Complex, positions_px: Real, shape: tuple[int, int], chunk: int = 256
) -> Real:
    """Return the probe intensity summed over the scan [photons / px], shape (H, W)."""
    total = np.zeros(shape)
    for start in range(0, len(positions_px), chunk):
        part = positions_px[start : start + chunk]
        total += place_patches(np.abs(shifted_probes(probe, part)) ** 2, part, shape)
    return total


def lit_pixels(illumination: Real, fraction: float) -> Mask:
    """Return the pixels that are lit above a fraction of the bright ones.

    Bright is the 95th percentile over the pixels that any patch touches, so it does not depend on
    how large the object is.
    """
    bright = float(np.percentile(illumination[illumination > 0], BRIGHT_PERCENTILE))
    return np.asarray(illumination > fraction * bright)


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels in the frame of the object: row and column of its first, and (H, W)."""

    corner_px: tuple[int, int]
    shape: tuple[int, int]

    def inside(self, positions_px: Real) -> Real64:
        """Return absolute positions in the frame of the window; the sub-pixel rests stay."""
        return np.asarray(positions_px - np.asarray(self.corner_px), dtype=np.float64)


def scan_box(positions_px: Real, n_px: int) -> Window:
    """Return the window around the patch of n_px x n_px at every position (y, x) [px]."""
    nearest, _ = split_positions(positions_px)
    top, left = (int(first) for first in nearest.min(axis=0) - n_px // 2)
    height, width = (int(extent) for extent in np.ptp(nearest, axis=0) + n_px)
    return Window((top, left), (height, width))


def bounding_box(mask: Mask) -> tuple[slice, slice]:
    """Return the rows and columns that hold a pixel of a mask; empty if there is none."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
