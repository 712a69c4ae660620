"""The illumination: a defocused zone plate's focus, and how large a probe is.

A probe is (N, N) for one coherent mode, or (M, N, N) for M modes whose intensities add.
"""

import hashlib
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

SHAPE_DECIMALS = 6

Wave = TypeVar("Wave", bound=np.complexfloating)


def defocused_zone_plate_probe(
    n_px: int, aperture_fraction: float, central_stop_fraction: float, defocus_rad: float
) -> NDArray[np.complex128]:
    """Return the focus of a zone plate with a central stop, seen out of focus.

    The pupil is an annulus whose edges are one detector pixel soft; the defocus gives it a
    quadratic phase, so the wave at the sample is curved and larger than the diffraction limit.

    Args:
        n_px: Side of the array [px], even.
        aperture_fraction: Outer radius of the pupil, as a fraction of the highest frequency.
        central_stop_fraction: Radius of the central stop, as a fraction of the outer radius.
        defocus_rad: Phase of the pupil at its outer edge [rad].

    Returns:
        Complex probe of unit energy, shape (n_px, n_px), centred on [n_px // 2, n_px // 2].
    """
    frequency = np.fft.fftfreq(n_px) * n_px
    radius = np.hypot(frequency[:, None], frequency[None, :])
    outer = aperture_fraction * n_px / 2
    annulus = expit(4 * (outer - radius)) * expit(4 * (radius - central_stop_fraction * outer))
    pupil = annulus * np.exp(1j * defocus_rad * (radius / outer) ** 2)
    probe = np.fft.fftshift(np.fft.ifft2(pupil))
    return np.asarray(probe / np.sqrt(np.sum(np.abs(probe) ** 2)))


def probe_intensity(probe: NDArray[np.complexfloating]) -> NDArray[np.floating]:
    """Return the intensity of a probe, summed over its modes, shape (N, N)."""
    intensity = np.abs(probe) ** 2
    return np.asarray(intensity.sum(axis=0) if intensity.ndim == 3 else intensity)


def coherent_probe(modes: NDArray[Wave]) -> NDArray[Wave]:
    """Return the one coherent probe that is told to those who know a single mode.

    It has the shape of the strongest mode and carries the photons of all, as a beamline's own
    estimate does; the mean amplitude of the sample then comes out right.

    Args:
        modes: Modes [sqrt(photons)], shape (M, N, N), the strongest first.

    Returns:
        Probe [sqrt(photons)], shape (N, N); the mode itself where there is one.
    """
    if len(modes) == 1:
        return np.asarray(modes[0])
    energies = np.sum(np.abs(modes) ** 2, axis=(1, 2))
    factor = np.sqrt(energies.sum() / energies[0])
    return np.asarray(modes[0] * factor, dtype=modes.dtype)


def unit_energy(probe: NDArray[np.complexfloating]) -> NDArray[np.complex128]:
    """Return a probe, or modes, scaled so that the squares sum to one."""
    return np.asarray(probe / np.sqrt(np.sum(np.abs(probe) ** 2)), dtype=np.complex128)


def probe_sha256(modes: NDArray[np.complexfloating]) -> str:
    """Return a fingerprint of the shape of a probe, whatever its photons.

    Values of unit energy are rounded to 1e-6, so the last bits do not matter.

    Args:
        modes: Modes in double precision, shape (M, N, N).
    """
    normed = np.round(unit_energy(modes), SHAPE_DECIMALS) + 0.0  # no negative zeros
    return hashlib.sha256(repr(normed.shape).encode() + normed.tobytes()).hexdigest()


def energy_diameter_px(probe: NDArray[np.complexfloating], energy_fraction: float = 0.9) -> float:
    """Return the diameter of the circle about the centre of mass that holds a share of the energy.

    Args:
        probe: Complex probe, shape (N, N), or modes, shape (M, N, N).
        energy_fraction: Share of the energy inside the circle.

    Returns:
        Diameter [px], interpolated between pixels.
    """
    intensity = probe_intensity(probe)
    rows, columns = np.indices(intensity.shape)
    total = intensity.sum()
    centre_y, centre_x = (rows * intensity).sum() / total, (columns * intensity).sum() / total
    radius = np.hypot(rows - centre_y, columns - centre_x).ravel()
    order = np.argsort(radius, kind="stable")
    enclosed = np.cumsum(intensity.ravel()[order]) / total
    return 2 * float(np.interp(energy_fraction, enclosed, radius[order]))


def full_width_half_maximum_px(probe: NDArray[np.complexfloating]) -> float:
    """Return the diameter [px] of a disc as large as where intensity exceeds half its peak."""
    intensity = probe_intensity(probe)
    return 2 * float(np.sqrt(np.count_nonzero(intensity >= intensity.max() / 2) / np.pi))


def edge_energy_fraction(probe: NDArray[np.complexfloating], border_px: int = 2) -> float:
    """Return the share of the energy within a border of the array."""
    intensity = probe_intensity(probe)
    inner = intensity[border_px:-border_px, border_px:-border_px]
    return float(1 - inner.sum() / intensity.sum())
