"""Partial coherence: a beam as several modes that do not interfere.

The modes of a Gaussian Schell-model source are Hermite-Gauss functions whose occupation falls
geometrically with their order (Starikov & Wolf, J. Opt. Soc. Am. 72, 923 (1982)).
For any other beam the same construction is used: the derivatives of the coherent field along
both axes, made orthogonal in the order of their degree. They span what shifted copies of the
beam span (a source of finite size, Thibault & Menzel, Nature 494, 68 (2013)), have the same pupil
as the beam, and for a Gaussian beam are the Hermite-Gauss functions.
"""

from itertools import count, islice

import numpy as np
from numpy.typing import NDArray


def mode_orders(n_modes: int) -> list[tuple[int, int]]:
    """Return the orders (y, x) of the first modes: (0, 0), (1, 0), (0, 1), (2, 0), ..."""
    orders = ((degree - x, x) for degree in count() for x in range(degree + 1))
    return list(islice(orders, n_modes))


def incoherent_modes(
    probe: NDArray[np.complexfloating], n_modes: int, mode_decay: float
) -> NDArray[np.complex128]:
    """Return orthogonal modes of a partially coherent beam of the same energy.

    Args:
        probe: Field of full coherence, shape (N, N); the first mode has its shape.
        n_modes: Number of modes.
        mode_decay: Occupation of each order over the one before, in (0, 1).

    Returns:
        Modes, shape (n_modes, N, N), orthogonal, the energy of order (m, n) in proportion to
        mode_decay**(m + n), their total energy the probe's. One mode is the probe itself.

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
