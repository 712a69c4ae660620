"""A closed-form first guess of the object, from counts, probe and positions alone.

Each pattern is back-projected with the phases that the empty beam has on the detector. What a
single back-projection cannot know is its phase relative to the neighbours. It follows from where
the pattern lies on the detector, as in differential phase contrast (Waddell & Chapman, Optik 54,
83 (1979)). With psi = P O, unit lag e and O = |O| exp(i phi), the transform being unitary,
    sum_q I(q) exp(i q e) = sum_x conj(P(x)) P(x + e) |O(x)| |O(x + e)| exp(i e grad phi),
so the phase of the left side, less that of the right side without phi, is the mean gradient of
phi under the probe. A curved probe's own share drops out where |O| is known.
"""

import numpy as np
from numpy.typing import NDArray

from tasks.core.fourier import back_propagate, propagate
from tasks.core.patches import extract_patches, place_patches
from tasks.networks.batches import Canvas
from tasks.networks.exposures import Exposures

FILL_IN_ITERATIONS = 12
FAINT = 0.01


def closed_form_start(
    diffraction_counts: NDArray[np.number],
    positions_px: NDArray[np.floating],
    probes: NDArray[np.complexfloating],
    shape: tuple[int, int],
) -> NDArray[np.complex64]:
    """Return the averaged back-projection, every pattern turned by its estimated mean phase.

    Args:
        diffraction_counts: Counts, shape (J, N, N), zero frequency at [N // 2, N // 2].
        positions_px: Positions (y, x) in the frame of the canvas [px], shape (J, 2).
        probes: Probe moved by each position's sub-pixel rest [sqrt(photons)], shape (J, N, N).
        shape: Shape (H, W) of the canvas.

    Returns:
        Object, shape (H, W); near zero where no light falls. Its global phase is arbitrary.
    """
    empty_beam = propagate(probes)
    turns = empty_beam / np.maximum(np.abs(empty_beam), np.finfo(np.float32).tiny)
    waves = back_propagate(np.sqrt(diffraction_counts.astype(np.float32)) * turns)
    intensity = np.abs(probes) ** 2
    illumination = place_patches(intensity, positions_px, shape)
    floor = FAINT * illumination.max()

    modulus = place_patches(np.abs(probes * waves), positions_px, shape) / (illumination + floor)
    gradients = phase_gradients(
        diffraction_counts, probes, extract_patches(modulus, positions_px, probes.shape[-1])
    )
    mean_phase = mean_phases(gradients, intensity, positions_px, shape)
    waves *= np.exp(1j * mean_phase)[:, None, None]
    total = place_patches(np.conj(probes) * waves, positions_px, shape)
    return np.asarray(total / (illumination + floor), dtype=np.complex64)


def mean_phases(
    gradients: NDArray[np.floating],
    probe_intensity: NDArray[np.floating],
    positions_px: NDArray[np.floating],
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    """Return the phase of the object under each probe that fits all gradients best [rad], (J,).

    Args:
        gradients: Mean phase gradient (y, x) under each probe [rad / px], shape (J, 2).
        probe_intensity: Intensity of the probe at every position, shape (J, N, N).
        positions_px: Positions (y, x) in the frame of the canvas [px], shape (J, 2).
        shape: Shape (H, W) of the canvas.
    """
    illumination = place_patches(probe_intensity, positions_px, shape)
    light = illumination + FAINT * illumination.max()
    field = [
        place_patches(probe_intensity * part[:, None, None], positions_px, shape) / light
        for part in gradients.T
    ]
    phase = integrate_gradient(np.stack(field), illumination / light)
    seen = np.asarray(extract_patches(phase, positions_px, probe_intensity.shape[-1]), dtype=float)
    means = np.sum(probe_intensity * seen, axis=(1, 2)) / np.sum(probe_intensity, axis=(1, 2))
    return np.asarray(means, dtype=np.float64)


def phase_gradients(
    diffraction_counts: NDArray[np.number],
    probes: NDArray[np.complexfloating],
    modulus_patches: NDArray[np.generic],
) -> NDArray[np.float64]:
    """Return the mean phase gradient (y, x) of the object under each probe [rad / px], (J, 2).

    Args:
        diffraction_counts: Counts, shape (J, N, N), zero frequency at [N // 2, N // 2]. A pattern
            without photons has gradient zero.
        probes: Probe at every position, shape (J, N, N).
        modulus_patches: Estimated |O| under every probe, shape (J, N, N).
    """
    n_px = probes.shape[-1]
    turns = np.exp(2j * np.pi * (np.arange(n_px) - n_px // 2) / n_px)
    measured = np.stack([diffraction_counts.sum(axis=axis) @ turns for axis in (2, 1)], axis=1)
    waves = probes * np.asarray(modulus_patches, dtype=np.float64)
    lagged = [np.sum(np.conj(waves) * np.roll(waves, -1, axis), axis=(1, 2)) for axis in (1, 2)]
    gradients = np.angle(measured * np.conj(np.stack(lagged, axis=1)))
    return np.asarray(gradients, dtype=np.float64)


def integrate_gradient(
    gradient: NDArray[np.floating], confidence: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the field of zero mean whose gradient is closest to a given one.

    A Poisson equation solved by FFT; where the confidence is low the gradient is filled in with
    that of the solution, a few times over.

    Args:
        gradient: Wanted gradient (y, x) [1 / px], shape (2, H, W).
        confidence: Between 0 (unknown) and 1, shape (H, W).

    Returns:
        Field, shape (H, W).
    """
    height, width = confidence.shape
    rows = 2j * np.pi * np.fft.fftfreq(height)[:, None]
    columns = 2j * np.pi * np.fft.rfftfreq(width)[None, :]
    laplacian = rows**2 + columns**2
    laplacian[0, 0] = 1.0
    filled = gradient
    for iteration in range(FILL_IN_ITERATIONS):
        spectrum = rows * np.fft.rfft2(filled[0]) + columns * np.fft.rfft2(filled[1])
        spectrum = spectrum / laplacian
        spectrum[0, 0] = 0.0
        if iteration + 1 < FILL_IN_ITERATIONS:
            slopes = np.stack(
                [np.fft.irfft2(axis * spectrum, confidence.shape) for axis in (rows, columns)]
            )
            filled = confidence * gradient + (1 - confidence) * slopes
    return np.asarray(np.fft.irfft2(spectrum, confidence.shape), dtype=np.float64)


def first_guess(exposures: Exposures, canvas: Canvas) -> NDArray[np.complex64]:
    """Return the first guess of a whole scan on its canvas, shape (H, W)."""
    everything = np.arange(len(exposures), dtype=np.intp)
    return closed_form_start(
        exposures.read(everything),
        canvas.inside(exposures.positions_px),
        exposures.probes(everything)[0],
        canvas.shape,
    )
