"""Cutting a canvas at scan positions and placing patches back, with `keras.ops`.

The same exact pair of adjoints as `tasks.core.geometry.patches`, by the same rule for positions
that are not integers. Every pixel of every patch is named by its place in the flattened canvas
(`tasks.networks.batches.flat_indices`).
"""

from keras import ops

from tasks.networks.fields import ComplexPair, Tensor


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
