"""What an alignment is, and the truth prepared for finding many of them.

Model: R(r) = c exp(i k.(r - r0)) T(r - s), r0 = [H // 2, W // 2].
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from tasks.core import Complex, Real
from tasks.core.physics.forward import fourier_shift

EXTENSION_PX = 16


@dataclass(frozen=True)
class Alignment:
    """A candidate: factor c, ramp k [rad / px] and shift s [px], both (y, x)."""

    factor: complex
    ramp: Real
    shift: Real


@dataclass(frozen=True)
class AlignmentFrame:
    """The truth, and where it is compared: the same for every reconstruction.

    Attributes:
        weights: Weights of the pixels to fit, of sum 1, shape (P,).
        inside: Which pixels of the window they are, shape (H, W).
        offsets: Their (y, x) relative to r0 [px], shape (2, P).
        true_spectrum: Spectrum of the truth, mirrored at its edges.
    """

    weights: Real
    inside: NDArray[np.bool_]
    offsets: NDArray[np.intp]
    true_spectrum: Complex

    @classmethod
    def of(cls, truth: Complex, weights: Real) -> "AlignmentFrame":
        """Collect the pixels of positive weight."""
        inside = weights > 0
        middle = np.array([n // 2 for n in inside.shape])
        return cls(
            weights=weights[inside] / weights[inside].sum(),
            inside=inside,
            offsets=(np.argwhere(inside) - middle).T,
            true_spectrum=scipy.fft.fft2(np.pad(truth, extension(truth.shape), mode="symmetric")),
        )

    def shifted_truth(self, shift: Real, gradient: bool = False) -> Complex:
        """Return the shifted truth, and its derivatives along y and x, shape (1 or 3, P)."""
        angular = [2 * np.pi * scipy.fft.fftfreq(n) for n in self.true_spectrum.shape]
        spectrum = self.true_spectrum * np.multiply.outer(
            np.exp(-1j * shift[0] * angular[0]), np.exp(-1j * shift[1] * angular[1])
        )
        spectra = [spectrum]
        if gradient:
            spectra += [1j * angular[0][:, None] * spectrum, 1j * angular[1] * spectrum]
        return np.stack([self._pixels(scipy.fft.ifft2(part)) for part in spectra])

    def _pixels(self, extended: Complex) -> Complex:
        height, width = self.inside.shape
        window = extended[EXTENSION_PX:, EXTENSION_PX:][:height, :width]
        return np.asarray(window[self.inside])

    def ramp_of(self, ramp: Real) -> Complex:
        """Return exp(i k.(r - r0)) in the pixels, shape (P,)."""
        factors = []
        for slope, offsets, size in zip(ramp, self.offsets, self.inside.shape, strict=True):
            line = np.exp(1j * slope * (np.arange(size) - size // 2))
            factors.append(line[offsets + size // 2])
        return np.asarray(factors[0] * factors[1])

    @cached_property
    def planes(self) -> Real:
        """Constants and slopes in the pixels, orthonormal under the weights, shape (3, P)."""
        columns = np.stack([np.ones(self.weights.shape), *self.offsets])
        orthonormal, _ = np.linalg.qr((np.sqrt(self.weights) * columns).T)
        return np.asarray(orthonormal.T / np.sqrt(self.weights))

    def detail(self, pixels: Complex) -> Complex:
        """Return pixels without the plane that fits them best, shape (P,)."""
        return np.asarray(pixels - (self.planes @ (self.weights * pixels)) @ self.planes)

    def image(self, pixels: Complex) -> Complex:
        """Return pixels put back into the window, zero elsewhere, shape (H, W)."""
        image = np.zeros(self.inside.shape, dtype=np.complex128)
        image[self.inside] = pixels
        return image


@dataclass(frozen=True)
class AlignmentProblem:
    """A reconstruction R to hold against the truth: its weighted pixels, shape (P,)."""

    frame: AlignmentFrame
    reconstruction: Complex

    @classmethod
    def of(cls, frame: AlignmentFrame, reconstruction: Complex) -> "AlignmentProblem":
        """Collect the pixels of positive weight."""
        return cls(frame, reconstruction[frame.inside].astype(np.complex128))

    def ramped(self, ramp: Real) -> Complex:
        """Return the pixels of R without a ramp."""
        return self.reconstruction * self.frame.ramp_of(-np.asarray(ramp))

    def overlap(self, alignment: Alignment) -> float:
        """Return |sum w R conj(g(T))|, which the alignment of the least error makes large."""
        truth = self.frame.shifted_truth(alignment.shift)[0]
        return float(np.abs(np.vdot(truth, self.frame.weights * self.ramped(alignment.ramp))))


def extension(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return how far to mirror an array, so that it wraps far away and transforms fast."""
    fast = [scipy.fft.next_fast_len(n + 2 * EXTENSION_PX) for n in shape]
    return [(EXTENSION_PX, size - n - EXTENSION_PX) for n, size in zip(shape, fast, strict=True)]


def mirrored_shift(object_: Complex, shift_px: tuple[float, float]) -> Complex:
    """Shift an array by less than the extension, mirrored at its edges."""
    if shift_px == (0.0, 0.0):
        return object_.copy()
    extended = np.pad(object_, extension(object_.shape), mode="symmetric")
    shifted = fourier_shift(extended, np.array([shift_px]))[0]
    height, width = object_.shape
    return np.asarray(shifted[EXTENSION_PX:, EXTENSION_PX:][:height, :width])


def phase_ramp(shape: tuple[int, ...], ramp_rad_per_px: tuple[float, float]) -> Complex:
    """Return exp(i k.(r - r0)), r0 = [H // 2, W // 2], shape (H, W)."""
    rows, columns = (np.arange(n) - n // 2 for n in shape)
    ramp_y, ramp_x = ramp_rad_per_px
    return np.asarray(np.multiply.outer(np.exp(1j * ramp_y * rows), np.exp(1j * ramp_x * columns)))
