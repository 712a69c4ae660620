"""Complex fields as pairs (real, imaginary) in `keras.ops`, alike on every backend.

Inside the networks the detector is kept in the order of the FFT, zero frequency at [0, 0];
`tasks.networks.batches` turns the counts once, so no pass has to shift a spectrum.
"""

from typing import Any

from keras import ops

Tensor = Any
ComplexPair = tuple[Tensor, Tensor]


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
