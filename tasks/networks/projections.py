"""Projection onto the measured moduli over a whole scan, patterns read some at a time.

The formulas of `tasks.networks.physics` in NumPy: no gradient, no framework.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from tasks.core.geometry.patches import Window, extract_patches, place_patches
from tasks.core.physics.probe import probe_intensity
from tasks.networks.batches import DARK
from tasks.networks.exposures import Exposures, intensity_of, zero_frequency_first
from tasks.networks.photon_misfit import PhotonMisfit

COUNT_OFFSET = 0.25


@dataclass(frozen=True)
class PhysicsPass:
    """The projection step of a whole scan, patterns read some at a time.

    Attributes:
        illumination: Probe intensity summed over the scan, shape (H, W).
        brightest: Intensity of the probe's brightest pixel.
    """

    exposures: Exposures
    canvas: Window
    chunk_size: int
    illumination: NDArray[np.float32]
    brightest: float

    @classmethod
    def of(cls, exposures: Exposures, canvas: Window, chunk_size: int) -> "PhysicsPass":
        """Sum up the light of a scan."""
        illumination = np.zeros(canvas.shape, dtype=np.float32)
        for part in exposures.chunks(chunk_size):
            illumination += light_of(exposures, canvas, part)
        brightest = float(probe_intensity(exposures.probe_modes).max())
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
        return self.step_and_misfit(object_)[0]

    def step_and_misfit(
        self, object_: NDArray[np.complex64]
    ) -> tuple[NDArray[np.complex64], PhotonMisfit]:
        """Return D, the normalised projection step, (H, W), and the misfit before it."""
        total, misfit = np.zeros(self.canvas.shape, dtype=np.complex64), PhotonMisfit()
        good = zero_frequency_first(self.exposures.good_pixels)
        for part in self.exposures.chunks(self.chunk_size):
            found = project(self.exposures, self.canvas, part, object_)
            total += found.total
            misfit += PhotonMisfit.of(found.counts, found.intensity, good)
        return total * self.normaliser, misfit

    def passes(self, object_: NDArray[np.complex64]) -> Iterator[NDArray[np.complex64]]:
        """Yield the object after every pass of projections, without end.

        A step that raises a misfit beyond that of photons is not taken; the next is half as long.
        """
        length = np.float32(1)
        step, misfit = self.step_and_misfit(object_)
        while True:
            tried = object_ + length * step
            next_step, found = self.step_and_misfit(tried)
            if found.exceeds(misfit):
                length /= 2
            else:
                object_, step, misfit = tried, next_step, found
            yield object_


class Projection(NamedTuple):
    """What some exposures say of an object.

    Attributes:
        total: sum_j conj(P_j) F^-1[(r_j - 1) Psi_j] on the canvas, shape (H, W).
        intensity: What was predicted [photons / px], zero frequency first, shape (J, N, N).
        counts: What was counted, same shape.
        slopes: How the intensity changes with a phase gradient (y, x) of the object
            [photons px / rad], shape (2, J, N, N); None where it was not asked for.
    """

    total: NDArray[np.complex64]
    intensity: NDArray[np.float32]
    counts: NDArray[np.float32]
    slopes: NDArray[np.float32] | None


def project(
    exposures: Exposures,
    canvas: Window,
    indices: NDArray[np.intp],
    object_: NDArray[np.complex64],
    with_slopes: bool = False,
) -> Projection:
    """Return the projection sum of some exposures, given an object (H, W) on their canvas.

    The slopes, if they are asked for, take two more transforms a pattern.
    """
    inside = canvas.inside(exposures.positions_px[indices])
    probes = exposures.probes(indices)
    counts = exposures.counts(indices)
    exit_waves = probes * extract_patches(object_, inside, exposures.n_px)
    waves = scipy.fft.fft2(exit_waves, norm="ortho", overwrite_x=not with_slopes)
    slopes = _slopes(exit_waves, waves) if with_slopes else None
    intensity = intensity_of(waves)
    excess = np.sqrt((counts + COUNT_OFFSET) / (intensity + COUNT_OFFSET)) - 1
    if not exposures.good_pixels.all():
        excess *= zero_frequency_first(exposures.good_pixels)
    waves *= excess.astype(np.float32, copy=False)
    corrections = scipy.fft.ifft2(waves, norm="ortho", overwrite_x=True)
    corrections *= probes.conj()
    summed = corrections[0] if len(corrections) == 1 else corrections.sum(axis=0)
    total = place_patches(summed, inside, canvas.shape)
    return Projection(total, intensity, counts, slopes)


def _slopes(
    exit_waves: NDArray[np.complex64], far_fields: NDArray[np.complex64]
) -> NDArray[np.float32]:
    """Return d lambda / d g = 2 Re(conj(Psi) F[i x psi]) for both axes, the modes added."""
    offsets = np.arange(exit_waves.shape[-1], dtype=np.float32) - exit_waves.shape[-1] // 2
    slopes = []
    for ramp in (offsets[:, None], offsets[None, :]):
        change = scipy.fft.fft2(exit_waves * (1j * ramp), norm="ortho", overwrite_x=True)
        product = far_fields.real * change.real + far_fields.imag * change.imag
        slopes.append(2 * np.sum(product, axis=0))
    return np.stack(slopes).astype(np.float32, copy=False)


def light_of(
    exposures: Exposures, canvas: Window, indices: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return the probe intensity of some exposures, summed on a canvas, shape (H, W)."""
    inside = canvas.inside(exposures.positions_px[indices])
    return place_patches(exposures.probe_light(indices), inside, canvas.shape)
