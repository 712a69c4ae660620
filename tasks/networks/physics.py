"""Physics of the networks: what a canvas predicts, and its projection onto the measured moduli.

Twice the same formulas: differentiable with `keras.ops` for a group, and with NumPy over a whole
scan, where no gradient is asked for and patterns come some at a time.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from keras import ops
from numpy.typing import NDArray

from tasks.core.patches import extract_patches, place_patches
from tasks.networks.batches import DARK, Canvas, zero_frequency_first
from tasks.networks.exposures import Exposures
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

COUNT_OFFSET = 0.25


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


@dataclass(frozen=True)
class PhysicsPass:
    """The projection step of a whole scan, patterns read some at a time.

    Attributes:
        exposures: The scan.
        canvas: Window that holds every patch.
        chunk_size: Patterns at a time.
        illumination: Probe intensity summed over the scan, shape (H, W).
        brightest: Intensity of the probe's brightest pixel.
    """

    exposures: Exposures
    canvas: Canvas
    chunk_size: int
    illumination: NDArray[np.float32]
    brightest: float

    @classmethod
    def of(cls, exposures: Exposures, canvas: Canvas, chunk_size: int) -> "PhysicsPass":
        """Sum up the light of a scan."""
        illumination = np.zeros(canvas.shape, dtype=np.float32)
        brightest = 0.0
        for part in exposures.chunks(chunk_size):
            probes = exposures.probes(part)
            intensity = np.sum(probes.real**2 + probes.imag**2, axis=0)
            inside = canvas.inside(exposures.positions_px[part])
            illumination += place_patches(intensity, inside, canvas.shape)
            brightest = max(brightest, float(intensity.max()))
        return cls(exposures, canvas, chunk_size, illumination, brightest)

    @property
    def coverage(self) -> NDArray[np.float32]:
        """Illumination over the probe's brightest pixel, shape (H, W)."""
        return self.illumination / np.float32(self.brightest)

    @property
    def normaliser(self) -> NDArray[np.float32]:
        """1 / (illumination + a hundredth of its maximum), shape (H, W)."""
        return np.asarray(1 / (self.illumination + DARK * self.illumination.max()))

    def step(self, object_: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """Return D, the normalised projection step, shape (H, W)."""
        total = np.zeros(self.canvas.shape, dtype=np.complex64)
        for part in self.exposures.chunks(self.chunk_size):
            total += projection_total(self.exposures, self.canvas, part, object_)[0]
        return total * self.normaliser


def projection_total(
    exposures: Exposures,
    canvas: Canvas,
    indices: NDArray[np.intp],
    object_: NDArray[np.complex64],
) -> tuple[NDArray[np.complex64], NDArray[np.float32], NDArray[np.float32]]:
    """Return the projection sum of some exposures, what was predicted, and their light.

    Args:
        exposures: The scan.
        canvas: Window that holds every patch.
        indices: Which exposures, shape (J,).
        object_: Object on the canvas, shape (H, W).

    Returns:
        The sum, shape (H, W), the intensity, shape (J, N, N), zero frequency first, and the
        probe's intensity on the canvas, shape (H, W).
    """
    inside = canvas.inside(exposures.positions_px[indices])
    probes = exposures.probes(indices)
    counts = zero_frequency_first(exposures.read(indices))
    good = zero_frequency_first(exposures.good_pixels)
    waves = probes * extract_patches(object_, inside, exposures.n_px)
    waves = scipy.fft.fft2(waves, norm="ortho", overwrite_x=True)
    intensity = np.sum(waves.real**2 + waves.imag**2, axis=0)
    excess = good * (np.sqrt((counts + COUNT_OFFSET) / (intensity + COUNT_OFFSET)) - 1)
    waves *= excess.astype(np.float32)
    corrections = scipy.fft.ifft2(waves, norm="ortho", overwrite_x=True)
    corrections *= probes.conj()
    total = place_patches(corrections.sum(axis=0), inside, canvas.shape)
    light = place_patches(np.sum(probes.real**2 + probes.imag**2, axis=0), inside, canvas.shape)
    return total, intensity, light
