"""The illumination: how large a probe is, and partial coherence as modes that do not interfere.

A probe is (N, N) for one coherent mode, or (M, N, N) for M modes whose intensities add.

The modes of a Gaussian Schell-model source are Hermite-Gauss functions whose occupation falls
geometrically with their order (Starikov & Wolf, J. Opt. Soc. Am. 72, 923 (1982)).
For any other beam the same construction is used: the derivatives of the coherent field along
both axes, made orthogonal in the order of their degree. They span what shifted copies of the
beam span (a source of finite size, Thibault & Menzel, Nature 494, 68 (2013)), have the same pupil
as the beam, and for a Gaussian beam are the Hermite-Gauss functions.
"""

import hashlib
from itertools import count, islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tasks.core import Complex, Complex128, Real, Real64

SHAPE_DECIMALS = 6

Wave = TypeVar("Wave", bound=np.complexfloating)


def defocused_zone_plate_probe(
    n_px: int, aperture_fraction: float, central_stop_fraction: float, defocus_rad: float
) -> Complex128:
    """Return the focus of a zone plate, out of focus: of unit energy, shape (n_px, n_px).

    The pupil is an annulus whose edges are one detector pixel soft; the defocus gives it a
    quadratic phase, so the wave at the sample is curved and larger than the diffraction limit.

    Args:
        n_px: Side of the array [px], even; the probe is centred on [n_px // 2, n_px // 2].
        aperture_fraction: Outer radius of the pupil, as a fraction of the highest frequency.
        central_stop_fraction: Radius of the central stop, as a fraction of the outer radius.
        defocus_rad: Phase of the pupil at its outer edge [rad].
    """
    frequency = np.fft.fftfreq(n_px) * n_px
    radius = np.hypot(frequency[:, None], frequency[None, :])
    outer = aperture_fraction * n_px / 2
    annulus = expit(4 * (outer - radius)) * expit(4 * (radius - central_stop_fraction * outer))
    pupil = annulus * np.exp(1j * defocus_rad * (radius / outer) ** 2)
    probe = np.fft.fftshift(np.fft.ifft2(pupil))
    return np.asarray(probe / np.sqrt(np.sum(np.abs(probe) ** 2)))


def probe_intensity(probe: Complex) -> Real:
    """Return the intensity of a probe, summed over its modes, shape (N, N)."""
    intensity = np.abs(probe) ** 2
    return np.asarray(intensity.sum(axis=0) if intensity.ndim == 3 else intensity)


def coherent_probe(modes: NDArray[Wave]) -> NDArray[Wave]:
    """Return the one coherent probe (N, N) of modes (M, N, N), the strongest first.

    It has the shape of the strongest mode and carries the photons of all, as a beamline's own
    estimate does; the mean amplitude of the sample then comes out right.
    """
    if len(modes) == 1:
        return np.asarray(modes[0])
    energies = np.sum(np.abs(modes) ** 2, axis=(1, 2))
    factor = np.sqrt(energies.sum() / energies[0])
    return np.asarray(modes[0] * factor, dtype=modes.dtype)


def unit_energy(probe: Complex) -> Complex128:
    """Return a probe, or modes, scaled so that the squares sum to one."""
    return np.asarray(probe / np.sqrt(np.sum(np.abs(probe) ** 2)), dtype=np.complex128)


def probe_sha256(modes: Complex) -> str:
    """Return a fingerprint of the shape of a probe (M, N, N), to 1e-6, whatever its photons."""
    normed = np.round(unit_energy(modes), SHAPE_DECIMALS) + 0.0  # no negative zeros
    return hashlib.sha256(repr(normed.shape).encode() + normed.tobytes()).hexdigest()


def energy_diameter_px(probe: Complex, energy_fraction: float = 0.9) -> float:
    """Return the diameter [px] of the circle about the centre of mass that holds an energy share.

    The probe is (N, N), or modes (M, N, N); the diameter is interpolated between pixels.
    """
    intensity = probe_intensity(probe)
    rows, columns = np.indices(intensity.shape)
    total = intensity.sum()
    centre_y, centre_x = (rows * intensity).sum() / total, (columns * intensity).sum() / total
    radius = np.hypot(rows - centre_y, columns - centre_x).ravel()
    order = np.argsort(radius, kind="stable")
    enclosed = np.cumsum(intensity.ravel()[order]) / total
    return 2 * float(np.interp(energy_fraction, enclosed, radius[order]))


def energy_width_px(probe: Complex, axis: int, energy_fraction: float) -> float:
    """Return the width [px] of the strip about the centre of mass that holds an energy share.

    The strip lies across an axis, 0 for y and 1 for x, and is endless along the other: so much of
    the light is within half of the width before and behind. The probe is (N, N), or modes
    (M, N, N). Of a pixel that the edge cuts the part inside counts.
    """
    offsets, shares = _profile(probe, axis)
    edges = np.sort(np.abs(np.concatenate([offsets - 0.5, offsets + 0.5])))
    enclosed = [_share_within(offsets, shares, edge) for edge in edges]
    return 2 * float(np.interp(energy_fraction, enclosed, edges))


def energy_outside_width(probe: Complex, axis: int, width_px: float) -> float:
    """Return the share of the energy outside of the strip of a width, as in `energy_width_px`."""
    offsets, shares = _profile(probe, axis)
    return 1.0 - _share_within(offsets, shares, width_px / 2)


def _profile(probe: Complex, axis: int) -> tuple[Real, Real]:
    """Return places from the centre of mass along an axis [px], and the energy share of each."""
    shares = probe_intensity(probe).sum(axis=1 - axis)
    shares = shares / shares.sum()
    places = np.arange(len(shares))
    return places - (places * shares).sum(), shares


def _share_within(offsets: Real, shares: Real, reach_px: float) -> float:
    inside = np.minimum(offsets + 0.5, reach_px) - np.maximum(offsets - 0.5, -reach_px)
    return float((shares * np.clip(inside, 0.0, 1.0)).sum())


def full_width_half_maximum_px(probe: Complex) -> float:
    """Return the diameter [px] of a disc as large as where intensity exceeds half its peak."""
    intensity = probe_intensity(probe)
    return 2 * float(np.sqrt(np.count_nonzero(intensity >= intensity.max() / 2) / np.pi))


def edge_energy_fraction(probe: Complex, border_px: int = 2) -> float:
    """Return the share of the energy within a border of the array."""
    intensity = probe_intensity(probe)
    inner = intensity[border_px:-border_px, border_px:-border_px]
    return float(1 - inner.sum() / intensity.sum())


def mode_orders(n_modes: int) -> list[tuple[int, int]]:
    """Return the orders (y, x) of the first modes: (0, 0), (1, 0), (0, 1), (2, 0), ..."""
    orders = ((degree - x, x) for degree in count() for x in range(degree + 1))
    return list(islice(orders, n_modes))


def incoherent_modes(probe: Complex, n_modes: int, mode_decay: float) -> Complex128:
    """Return orthogonal modes (n_modes, N, N) of a partially coherent beam of the same energy.

    Args:
        probe: Field of full coherence, shape (N, N); the first mode has its shape.
        n_modes: Number of modes; one is the probe itself.
        mode_decay: Occupation of each order over the one before, in (0, 1): the energy of order (m,
            n) is in proportion to mode_decay**(m + n).

    Raises:
        ValueError: If the probe has fewer independent modes than asked for.
    """
    if n_modes == 1:
        return np.asarray(probe[None], dtype=np.complex128)
    n_px, orders = probe.shape[-1], mode_orders(n_modes)
    # Scaled to the pupil's width, so that high orders keep their digits.
    spectrum = np.fft.fft2(probe)
    frequency = np.fft.fftfreq(n_px)
    weight = np.abs(spectrum) ** 2
    width = np.sqrt(np.sum(weight * frequency**2) / weight.sum())
    slope = 1j * frequency / width
    fields = [np.fft.ifft2(spectrum * slope[:, None] ** y * slope**x).ravel() for y, x in orders]
    basis, triangle = np.linalg.qr(np.stack(fields, axis=1))
    lengths = np.abs(np.diag(triangle))
    if np.any(lengths < 1e-9 * lengths[0]):
        raise ValueError(
            f"The probe does not have {n_modes} independent modes. Lower n_modes or take a probe "
            f"with a wider pupil."
        )
    shares = mode_decay ** np.array([y + x for y, x in orders], dtype=np.float64)
    energy = np.sum(np.abs(probe) ** 2)
    modes = (
        basis.T.reshape(n_modes, n_px, n_px)
        * np.sqrt(energy * shares / shares.sum())[:, None, None]
    )
    # The sign and phase of QR are arbitrary; the first mode keeps the probe's.
    modes[0] = probe * np.sqrt(shares[0] / shares.sum())
    return np.asarray(modes)


def radius_px(n_px: int) -> Real64:
    """Return the distance of every pixel from [n_px // 2, n_px // 2] [px], shape (n_px, n_px)."""
    axis = np.arange(n_px) - n_px // 2
    return np.hypot(axis[:, None], axis[None, :])
