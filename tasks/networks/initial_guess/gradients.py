"""Phase gradients from where patterns lie on the detector, and the phase that follows from them.

As in differential phase contrast (Waddell & Chapman, Optik 54, 83 (1979)), and free of its
approximation: with psi = P O, unit lag e and O = |O| exp(i phi), the transform being unitary,
    sum_q I(q) exp(i q e) = sum_x conj(P(x)) P(x + e) |O(x)| |O(x + e)| exp(i e grad phi),
so the phase of the left side, less that of the right side without phi, is the mean gradient of
phi under the probe. A curved probe's own share drops out where |O| is known; with a prediction
of the pattern in its place, what is left is the gradient that the prediction lacks.
"""

import numpy as np
from numpy.typing import NDArray

from tasks.core.geometry.patches import extract_patches
from tasks.networks.projections import COUNT_OFFSET, Projection

FILL_IN_ITERATIONS = 12
FAINT = 0.01
LEAST_INFORMATION = 0.01


def lag_sums(patterns: NDArray[np.floating]) -> NDArray[np.complex128]:
    """Return sum_q I(q) exp(i q e) for a lag of one pixel along y and x, shape (J, 2).

    Patterns are intensities or counts, zero frequency first, shape (J, N, N).
    """
    n_px = patterns.shape[-1]
    turns = np.exp(2j * np.pi * np.fft.fftfreq(n_px))
    return np.stack([patterns.sum(axis=axis) @ turns for axis in (2, 1)], axis=1)


def probe_lags(
    probes: NDArray[np.complexfloating], modulus_patches: NDArray[np.floating]
) -> NDArray[np.complex128]:
    """Return the lag sums of an object without phase, (J, 2), given probe and |O|, (J, N, N)."""
    waves = probes * modulus_patches
    return np.stack(
        [np.sum(np.conj(waves) * np.roll(waves, -1, axis), axis=(1, 2)) for axis in (1, 2)], axis=1
    )


def missing_gradients(projection: Projection, good: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the phase gradient that an object lacks under each probe [rad / px], shape (J, 2).

    The efficient estimate of a small change of a Poisson intensity is its score over its
    information (Cox & Hinkley, Theoretical Statistics (1974)). The edges of the beam tell far
    more than the centre of mass, to which far and faint pixels add noise. `good` is 1 where the
    detector counts, zero frequency first, shape (N, N).

    Raises:
        ValueError: If the projection has no slopes.
    """
    if projection.slopes is None:
        raise ValueError("Gradients follow from slopes. Project with `with_slopes=True`.")
    weight = good / (projection.intensity + COUNT_OFFSET)
    slopes = projection.slopes
    residual = weight * (projection.counts - projection.intensity)
    score = np.einsum("jyx,ajyx->ja", residual, slopes)
    information = np.einsum("jyx,ajyx,bjyx->jab", weight, slopes, slopes, optimize=True)
    information += LEAST_INFORMATION * np.eye(2)
    return np.asarray(np.linalg.solve(information, score[..., None])[..., 0], dtype=np.float64)


def mean_phases(
    phase: NDArray[np.floating],
    probe_intensity: NDArray[np.floating],
    positions_px: NDArray[np.floating],
) -> NDArray[np.float64]:
    """Return the mean of a phase map (H, W) under each probe [rad], shape (J,).

    The intensity of the probe at every position has shape (J, N, N); positions (y, x) are in the
    frame of the map [px], shape (J, 2).
    """
    seen = extract_patches(phase, positions_px, probe_intensity.shape[-1])
    means = np.sum(probe_intensity * seen, axis=(1, 2)) / np.sum(probe_intensity, axis=(1, 2))
    return np.asarray(means, dtype=np.float64)


def integrate_gradient(
    gradient: NDArray[np.floating], confidence: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the field of zero mean, shape (H, W), whose gradient is closest to a given one.

    A Poisson equation solved by FFT; where the confidence, (H, W), from 0 (unknown) to 1, is low
    the gradient (y, x) [1 / px], (2, H, W), is filled in with that of the solution, a few times
    over.
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
