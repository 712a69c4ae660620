"""The illumination: a defocused zone plate's focus, and how large a probe is."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit


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


def energy_diameter_px(probe: NDArray[np.complexfloating], energy_fraction: float = 0.9) -> float:
    """Return the diameter of the circle about the centre of mass that holds a share of the energy.

    Args:
        probe: Complex probe, shape (N, N).
        energy_fraction: Share of the energy inside the circle.

    Returns:
        Diameter [px], interpolated between pixels.
    """
    intensity = np.abs(probe) ** 2
    rows, columns = np.indices(intensity.shape)
    total = intensity.sum()
    centre_y, centre_x = (rows * intensity).sum() / total, (columns * intensity).sum() / total
    radius = np.hypot(rows - centre_y, columns - centre_x).ravel()
    order = np.argsort(radius, kind="stable")
    enclosed = np.cumsum(intensity.ravel()[order]) / total
    return 2 * float(np.interp(energy_fraction, enclosed, radius[order]))


def full_width_half_maximum_px(probe: NDArray[np.complexfloating]) -> float:
    """Return the diameter [px] of a disc as large as where intensity exceeds half its peak."""
    intensity = np.abs(probe) ** 2
    return 2 * float(np.sqrt(np.count_nonzero(intensity >= intensity.max() / 2) / np.pi))


def edge_energy_fraction(probe: NDArray[np.complexfloating], border_px: int = 2) -> float:
    """Return the share of the energy within a border of the array."""
    intensity = np.abs(probe) ** 2
    inner = intensity[border_px:-border_px, border_px:-border_px]
    return float(1 - inner.sum() / intensity.sum())
