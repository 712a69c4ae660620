"""Physics of the networks in `keras.ops`: from a canvas to what it predicts, and back.

Complex fields are pairs (real, imaginary), alike on every backend. The detector is kept in the
order of the FFT, zero frequency at [0, 0]. Patches are cut and placed as in
`tasks.core.geometry.patches`, an exact pair of adjoints, by `tasks.networks.batches.flat_indices`.
Differentiable, for a group; `tasks.networks.projections` has the same formulas for a whole scan.
Keras is imported when it is first used: forms and plans show the networks without it.
"""

from importlib import import_module
from typing import Any

from tasks.networks.projections import COUNT_OFFSET

Tensor = Any
ComplexPair = tuple[Tensor, Tensor]


class _Later:
    """A module that is imported when the first of its names is asked for."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        """Return a name of the module, and keep it."""
        value = getattr(import_module(self._module), name)
        setattr(self, name, value)
        return value


keras: Any = _Later("keras")
layers: Any = _Later("keras.layers")
ops: Any = _Later("keras.ops")


def multiply(a: ComplexPair, b: ComplexPair) -> ComplexPair:
    """Return the product a b."""
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def multiply_conjugate(a: ComplexPair, b: ComplexPair) -> ComplexPair:
    """Return the product conj(a) b."""
    return a[0] * b[0] + a[1] * b[1], a[0] * b[1] - a[1] * b[0]


def squared_modulus(a: ComplexPair) -> Tensor:
    """Return |a|^2."""
    return ops.square(a[0]) + ops.square(a[1])


def far_field(waves: ComplexPair) -> ComplexPair:
    """Return the unitary Fourier transform of waves, shape (J, N, N), zero frequency first."""
    real, imaginary = ops.fft2(waves)
    scale = 1.0 / real.shape[-1]
    return real * scale, imaginary * scale


def near_field(spectra: ComplexPair) -> ComplexPair:
    """Return the waves whose far fields are given; the inverse and adjoint of `far_field`."""
    real, imaginary = ops.ifft2(spectra)
    scale = float(real.shape[-1])
    return real * scale, imaginary * scale


def extract_patches(canvas: ComplexPair, indices: Tensor) -> ComplexPair:
    """Cut a canvas, shape (H, W), at every position; patches of shape (J, N, N)."""
    real, imaginary = (ops.take(ops.reshape(part, (-1,)), indices) for part in canvas)
    return real, imaginary


def place_patches(patches: ComplexPair, indices: Tensor, shape: tuple[int, int]) -> ComplexPair:
    """Add patches onto an empty canvas of shape (H, W): the adjoint of `extract_patches`."""
    flat = ops.reshape(indices, (-1,))
    real, imaginary = (
        ops.reshape(
            ops.segment_sum(ops.reshape(part, (-1,)), flat, num_segments=shape[0] * shape[1]),
            shape,
        )
        for part in patches
    )
    return real, imaginary


def predicted_waves(canvas: ComplexPair, probe: ComplexPair, indices: Tensor) -> ComplexPair:
    """Return the far fields of a canvas for every mode and position, shape (M, J, N, N)."""
    return far_field(multiply(probe, extract_patches(canvas, indices)))


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
    """Return sum_j conj(P_j) F^-1[(r_j - 1) Psi_j] on a canvas (H, W); a sum over patterns.

    Far fields Psi and modes at every position have shape (M, J, N, N), photons I and the pixels of
    every patch in the flattened canvas (J, N, N), and `good`, 1 where the detector counts, (N, N).
    """
    intensity = predicted_intensity(waves)
    excess = good * (ops.sqrt((counts + COUNT_OFFSET) / (intensity + COUNT_OFFSET)) - 1.0)
    corrections = near_field((waves[0] * excess, waves[1] * excess))
    real, imaginary = multiply_conjugate(probe, corrections)
    return place_patches((ops.sum(real, axis=0), ops.sum(imaginary, axis=0)), indices, shape)
