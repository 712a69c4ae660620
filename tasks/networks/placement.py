"""Cutting a canvas at scan positions and placing patches back, with `keras.ops`.

The same exact pair of adjoints as `tasks.core.patches`, by the same rule for positions that are
not integers. Every pixel of every patch is named by its place in the flattened canvas.
"""

import numpy as np
from keras import ops
from numpy.typing import NDArray

from tasks.core.patches import patch_corners
from tasks.networks.fields import ComplexPair, Tensor


def flat_indices(
    positions_px: NDArray[np.floating], n_px: int, shape: tuple[int, int]
) -> NDArray[np.int32]:
    """Return where each pixel of each patch lies in the flattened canvas.

    Args:
        positions_px: Positions (y, x) in the frame of the canvas [px], shape (J, 2).
        n_px: Side N of a patch [px], even.
        shape: Shape (H, W) of the canvas.

    Returns:
        Indices into H * W pixels, shape (J, N, N).

    Raises:
        ValueError: If a patch leaves the canvas.
    """
    corners = patch_corners(positions_px, n_px, shape)
    pixels = np.arange(n_px)
    rows = corners[:, :1] + pixels
    columns = corners[:, 1:] + pixels
    return (rows[:, :, None] * shape[1] + columns[:, None, :]).astype(np.int32)


def cut(canvas: ComplexPair, indices: Tensor) -> ComplexPair:
    """Cut a canvas, shape (H, W), at every position; patches of shape (J, N, N)."""
    real, imaginary = (ops.take(ops.reshape(part, (-1,)), indices) for part in canvas)
    return real, imaginary


def place(patches: ComplexPair, indices: Tensor, shape: tuple[int, int]) -> ComplexPair:
    """Add patches onto an empty canvas of shape (H, W): the adjoint of `cut`."""
    flat = ops.reshape(indices, (-1,))
    real, imaginary = (
        ops.reshape(
            ops.segment_sum(ops.reshape(part, (-1,)), flat, num_segments=shape[0] * shape[1]),
            shape,
        )
        for part in patches
    )
    return real, imaginary
