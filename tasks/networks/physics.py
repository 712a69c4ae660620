"""Physics of the networks: what a canvas predicts, and its projection onto the measured moduli.

Differentiable, for a group, with `keras.ops`; `tasks.networks.projections` has the same formulas
for a whole scan, where no gradient is asked for and patterns come some at a time.
"""

from keras import ops

from tasks.networks.fields import (
    ComplexPair,
    Tensor,
    far_field,
    multiply,
    multiply_conjugate,
    near_field,
    squared_modulus,
)
from tasks.networks.placement import cut, place
from tasks.networks.projections import COUNT_OFFSET


def predicted_waves(canvas: ComplexPair, probe: ComplexPair, indices: Tensor) -> ComplexPair:
    """Return the far fields of a canvas for every mode and position, shape (M, J, N, N)."""
    return far_field(multiply(probe, cut(canvas, indices)))


def predicted_intensity(waves: ComplexPair) -> Tensor:
    """Return the intensity of far fields, the modes added, shape (J, N, N)."""
    return ops.sum(squared_modulus(waves), axis=0)


def projection_sum(
    waves: ComplexPair,
    counts: Tensor,
    good: Tensor,
    probe: ComplexPair,
    indices: Tensor,
    shape: tuple[int, int],
) -> ComplexPair:
    """Return sum_j conj(P_j) F^-1[(r_j - 1) Psi_j] on the canvas; a sum over patterns.

    Args:
        waves: Far fields Psi, each (M, J, N, N).
        counts: Photons I, shape (J, N, N).
        good: 1 where the detector counts, shape (N, N).
        probe: Modes at every position, each (M, J, N, N).
        indices: Pixels of every patch in the flattened canvas, shape (J, N, N).
        shape: Shape (H, W) of the canvas.
    """
    intensity = predicted_intensity(waves)
    excess = good * (ops.sqrt((counts + COUNT_OFFSET) / (intensity + COUNT_OFFSET)) - 1.0)
    corrections = near_field((waves[0] * excess, waves[1] * excess))
    real, imaginary = multiply_conjugate(probe, corrections)
    return place((ops.sum(real, axis=0), ops.sum(imaginary, axis=0)), indices, shape)
