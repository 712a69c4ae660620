"""Centred unitary Fourier transforms and sub-pixel shifts.

Arrays in the object plane have their centre, and arrays on the detector their zero frequency,
at [N // 2, N // 2] of the last two axes.
"""

import numpy as np
import scipy.fft
from numpy.typing import NDArray


def propagate(exit_waves: NDArray[np.complexfloating]) -> NDArray[np.complexfloating]:
    """Return the far field of waves, zero frequency at [N // 2, N // 2]; energy is conserved."""
    return np.fft.fftshift(scipy.fft.fft2(exit_waves, norm="ortho"), axes=(-2, -1))


def back_propagate(far_fields: NDArray[np.complexfloating]) -> NDArray[np.complexfloating]:
    """Return the waves whose far fields are given; the inverse and adjoint of `propagate`."""
    waves = scipy.fft.ifft2(np.fft.ifftshift(far_fields, axes=(-2, -1)), norm="ortho")
    return np.asarray(waves)


def fourier_shift(
    field: NDArray[np.complexfloating], shifts_px: NDArray[np.floating]
) -> NDArray[np.complexfloating]:
    """Shift one field by each of several sub-pixel amounts, by the Fourier shift theorem.

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
