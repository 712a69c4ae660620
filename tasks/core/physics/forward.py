"""Forward model of far-field ptychography for a thin object, phases, and a solver's next start.

Symbols follow Thibault et al., Ultramicroscopy 109, 338 (2009): the exit wave is
psi_j = P * O_j, and detector pixel q records I_j(q) = |F psi_j|^2(q). Arrays in the object plane
have their centre, and arrays on the detector their zero frequency, at [N // 2, N // 2] of the last
two axes. Transforms are unitary.
"""

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from tasks.core import Complex, Mask, Real

LARGEST_MOMENTUM = 0.95


def propagate(exit_waves: Complex) -> Complex:
    """Return the far field of waves, zero frequency at [N // 2, N // 2]; energy is conserved."""
    return np.fft.fftshift(scipy.fft.fft2(exit_waves, norm="ortho"), axes=(-2, -1))


def back_propagate(far_fields: Complex) -> Complex:
    """Return the waves whose far fields are given; the inverse and adjoint of `propagate`."""
    waves = scipy.fft.ifft2(np.fft.ifftshift(far_fields, axes=(-2, -1)), norm="ortho")
    return np.asarray(waves)


def fourier_shift(field: Complex, shifts_px: Real) -> Complex:
    """Shift one field (H, W) by each of several sub-pixel amounts, by the Fourier shift theorem.

    The array is periodic: what leaves on one side enters on the other. Energy is conserved.

    Args:
        field: Complex field, shape (H, W).
        shifts_px: Shifts (y, x) [px], shape (J, 2); positive moves to larger indices.

    Returns:
        Shifted copies in the precision of the field, shape (J, H, W).
    """
    height, width = field.shape
    spectrum = scipy.fft.fft2(field)
    ramp_y = np.exp(-2j * np.pi * shifts_px[:, :1] * np.fft.fftfreq(height))
    ramp_x = np.exp(-2j * np.pi * shifts_px[:, 1:] * np.fft.fftfreq(width))
    ramp_y, ramp_x = (ramp.astype(spectrum.dtype, copy=False) for ramp in (ramp_y, ramp_x))
    spectra = spectrum * ramp_y[:, :, None]
    spectra *= ramp_x[:, None, :]
    return np.asarray(scipy.fft.ifft2(spectra, overwrite_x=True))


def diffraction_intensity(object_patches: Complex, probe: Complex) -> Real:
    """Return the noise-free intensity that the detector records at every scan position.

    The transform is unitary, so photons are conserved: a pattern holds as many as its exit wave.

    Args:
        object_patches: Object transmission seen at each scan position, shape (J, N, N).
        probe: Illumination [sqrt(photons)], shape (N, N), or one for each position (moved by the
            sub-pixel rest of the position), shape (J, N, N).

    Returns:
        Intensity [photons / px], shape (J, N, N), zero frequency at [N // 2, N // 2]; ValueError if
            patches and probe do not cover the same pixels.
    """
    if object_patches.shape[-2:] != probe.shape[-2:]:
        raise ValueError(
            f"Object patches and probe must cover the same pixels: got patches "
            f"{object_patches.shape[-2:]} and probe {probe.shape[-2:]}. Cut the patches with "
            f"`extract_patches(object_, positions_px, {probe.shape[-1]})`."
        )
    far_fields = scipy.fft.fft2(probe * object_patches, norm="ortho", overwrite_x=True)
    # Squared before it is centred: half the memory is moved, and no root is drawn.
    intensity = far_fields.real**2 + far_fields.imag**2
    return np.asarray(np.fft.fftshift(intensity, axes=(-2, -1)))


def diffraction_intensity_of_modes(object_patches: Complex, probe_modes: Complex) -> Real:
    """Return the intensity of a partially coherent beam: that of its modes, added.

    A function of its own, because probes (J, N, N) are one for each position and modes (M, N, N)
    all there at every position: the shape alone cannot tell them apart. Patches, result and errors
    as `diffraction_intensity`.

    Args:
        object_patches: Object transmission seen at each scan position, shape (J, N, N).
        probe_modes: Modes [sqrt(photons)], shape (M, N, N), or each moved by the sub-pixel rest of
            every position, shape (M, J, N, N).
    """
    if probe_modes.ndim not in (3, 4) or not len(probe_modes):
        raise ValueError(
            f"Expected modes of shape (M, N, N) or (M, J, N, N) with M at least 1, got "
            f"{probe_modes.shape}. For one mode give `probe[None]`."
        )
    intensity = diffraction_intensity(object_patches, probe_modes[0])
    for mode in probe_modes[1:]:
        intensity = intensity + diffraction_intensity(object_patches, mode)
    return intensity


def draw_counts(diffraction_intensity: Real, rng: np.random.Generator) -> NDArray[np.uint32]:
    """Draw Poisson counts whose mean and variance are the noise-free intensity [photons / px].

    ValueError if an intensity is negative, not finite, or beyond what 32 bits count.
    """
    brightest = float(diffraction_intensity.max(initial=0.0))
    faintest = float(diffraction_intensity.min(initial=0.0))
    if not (np.isfinite(brightest) and faintest >= 0 and brightest < 2**31):
        raise ValueError(
            f"Expected intensities from 0 to 2**31 photons per pixel, got {faintest:.3g} to "
            f"{brightest:.3g}. Check the probe and lower photons_per_pattern."
        )
    return rng.poisson(diffraction_intensity).astype(np.uint32)


def wrap(phase_rad: Real) -> Real:
    """Return phases [rad] in [-pi, pi]."""
    return np.asarray(phase_rad - 2 * np.pi * np.round(phase_rad / (2 * np.pi)))


def phase_from_minimum(true_object: Complex, mask: Mask) -> Real:
    """Return the phase [rad] of the truth, zero at its minimum in the mask.

    Phases are cut half a turn away from their circular mean, so that a truth around pi is
    as good as one around zero.
    """
    phase = np.angle(true_object * np.conj(true_object[mask].sum()))
    return np.asarray(phase - phase[mask].min())


def phase_on_branch(image: Complex, true_angle: Real, true_phase: Real) -> Real:
    """Return the phase [rad] of an image on the truth's branch, at most pi away from it.

    `true_angle` is what `numpy.angle` makes of the true object, `true_phase` what
    `phase_from_minimum` does; all have the shape (H, W).
    """
    return np.asarray(true_phase + wrap(np.angle(image) - true_angle))


def momentum(epoch: int, largest: float = LARGEST_MOMENTUM) -> float:
    """Return b_k after the k-th epoch (counted from 1): zero first, rising to the cap."""
    return min(largest, (epoch - 1) / (epoch + 2))


def extrapolate(current: Complex, previous: Complex, epoch: int) -> Complex:
    """Return where the next epoch of a solver starts: x_k, moved on along the last change.

    Nesterov's acceleration, y_k = x_k + b_k (x_k - x_(k-1)) with b_k = (k - 1) / (k + 2): Nesterov,
    Soviet Math. Dokl. 27, 372 (1983), in the form of Beck & Teboulle, SIAM J. Imaging Sci. 2, 183
    (2009). b_k is capped, because an epoch of minibatches is not an exact gradient step and its
    noise would be amplified. The result of the solver is x_k.
    """
    return current + momentum(epoch) * (current - previous)
