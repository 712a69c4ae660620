"""A closed-form guess of the object, from counts, probe and positions alone.

Each pattern is back-projected with the phases that the empty beam has on the detector. What a
single back-projection cannot know is its phase relative to the neighbours: it follows from where
the patterns lie on the detector (`phase_gradients`). Several modes are told as the strongest one
with the photons of all.
"""

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from tasks.core.geometry.patches import Window, extract_patches, place_patches, split_positions
from tasks.core.physics.probe import coherent_probe
from tasks.networks.exposures import Exposures, zero_frequency_first
from tasks.networks.initial_guess.gradients import (
    FAINT,
    integrate_gradient,
    lag_sums,
    mean_phases,
    probe_lags,
)

CHUNK = 64


def closed_form_guess(exposures: Exposures, canvas: Window) -> NDArray[np.complex64]:
    """Return the averaged back-projection, every pattern turned by its estimated mean phase.

    Patterns are read three times, a few at a time. Shape (H, W), near zero where no light falls;
    the global phase is arbitrary.
    """
    illumination, modulus, measured_lags = _gather_light(exposures, canvas)
    floor = FAINT * illumination.max()
    modulus = modulus / (illumination + floor)
    gradients = np.empty((len(exposures), 2))
    for part in exposures.chunks(CHUNK):
        inside, probes = _moved(exposures, canvas, part)
        lags = probe_lags(probes, extract_patches(modulus, inside, exposures.n_px))
        gradients[part] = np.angle(measured_lags[part] * lags.conj())
    phase = _integrated(exposures, canvas, gradients, illumination)

    total = np.zeros(canvas.shape, dtype=np.complex64)
    for part in exposures.chunks(CHUNK):
        inside, probes = _moved(exposures, canvas, part)
        intensity = probes.real**2 + probes.imag**2
        turns = np.exp(1j * mean_phases(phase, intensity, inside)).astype(np.complex64)
        waves = _back_projections(exposures, part) * turns[:, None, None]
        total += place_patches(probes.conj() * waves, inside, canvas.shape)
    return np.asarray(total / (illumination + floor), dtype=np.complex64)


def flat_guess(exposures: Exposures, canvas: Window) -> NDArray[np.complex64]:
    """Return an object without content that transmits as many photons as were counted, (H, W)."""
    detected = incident = 0.0
    beam = np.abs(scipy.fft.fft2(coherent_probe(exposures.probe_modes), norm="ortho")) ** 2
    good = zero_frequency_first(exposures.good_pixels) > 0
    for part in exposures.chunks(CHUNK):
        detected += float(exposures.counts(part)[:, good].sum())
        incident += len(part) * float(beam[good].sum())
    return np.full(canvas.shape, np.sqrt(detected / incident), dtype=np.complex64)


def _gather_light(
    exposures: Exposures, canvas: Window
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.complex128]]:
    """Return illumination and sum |P| |psi| on the canvas, and the lag sums of every pattern."""
    illumination = np.zeros(canvas.shape, dtype=np.float32)
    modulus = np.zeros(canvas.shape, dtype=np.float32)
    lags = np.empty((len(exposures), 2), dtype=np.complex128)
    for part in exposures.chunks(CHUNK):
        inside, probes = _moved(exposures, canvas, part)
        illumination += place_patches(probes.real**2 + probes.imag**2, inside, canvas.shape)
        waves = _back_projections(exposures, part)
        modulus += place_patches(np.abs(probes * waves), inside, canvas.shape)
        lags[part] = lag_sums(_filled_counts(exposures, part))
    return illumination, modulus, lags


def _integrated(
    exposures: Exposures,
    canvas: Window,
    gradients: NDArray[np.float64],
    illumination: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Return the phase whose gradient under each probe is closest to the given ones [rad]."""
    light = illumination + FAINT * illumination.max()
    field = np.zeros((2, *canvas.shape), dtype=np.float32)
    for part in exposures.chunks(CHUNK):
        inside, probes = _moved(exposures, canvas, part)
        intensity = probes.real**2 + probes.imag**2
        for axis, slopes in enumerate(gradients[part].astype(np.float32).T):
            field[axis] += place_patches(intensity * slopes[:, None, None], inside, canvas.shape)
    return integrate_gradient(field / light, illumination / light)


def _moved(
    exposures: Exposures, canvas: Window, part: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.complex64]]:
    """Return positions in the canvas, and the strongest mode at each with the photons of all."""
    modes = exposures.probe_modes
    factor = np.sqrt(np.sum(np.abs(modes) ** 2) / np.sum(np.abs(modes[0]) ** 2))
    inside = canvas.inside(exposures.positions_px[part])
    return inside, exposures.probes(part)[0] * np.float32(float(factor))


def _back_projections(exposures: Exposures, part: NDArray[np.intp]) -> NDArray[np.complex64]:
    """Return F^-1[sqrt(I) exp(i angle(F P_j))], shape (J, N, N).

    A probe moved by a sub-pixel rest has the phases of the probe and a ramp.
    """
    probe = exposures.probe_modes[0]
    empty_beam = scipy.fft.fft2(probe)
    turns = empty_beam / np.maximum(np.abs(empty_beam), np.finfo(np.float32).tiny)
    _, rests = split_positions(exposures.positions_px[part])
    frequency = np.fft.fftfreq(exposures.n_px)
    rows = np.exp(-2j * np.pi * rests[:, :1] * frequency).astype(np.complex64)
    columns = np.exp(-2j * np.pi * rests[:, 1:] * frequency).astype(np.complex64)
    waves = np.sqrt(_filled_counts(exposures, part)) * turns.astype(np.complex64)
    waves *= rows[:, :, None]
    waves *= columns[:, None, :]
    return np.asarray(scipy.fft.ifft2(waves, norm="ortho", overwrite_x=True))


def _filled_counts(exposures: Exposures, part: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return counts in the order of the FFT; bad pixels have what the empty beam would leave."""
    counts = exposures.counts(part)
    if exposures.good_pixels.all():
        return counts
    good = zero_frequency_first(exposures.good_pixels) > 0
    beam = np.abs(scipy.fft.fft2(coherent_probe(exposures.probe_modes), norm="ortho")) ** 2
    shares = counts[:, good].sum(axis=1) / beam[good].sum()
    return np.where(good, counts, shares[:, None, None] * beam).astype(np.float32)
