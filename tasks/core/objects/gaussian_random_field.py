"""Gaussian random field: clouds without an edge, known by their power spectrum alone.

The spectrum is that of von Karman, S(k) ~ (k^2 + k0^2)^-SLOPE: a power law that levels off beyond
an outer scale, so that a small object and a large one look alike.
"""

import numpy as np
from scipy.fft import next_fast_len
from scipy.special import ndtr

from tasks.core import Real64

OUTER_SCALE_PX = 64.0
SLOPE = 1.5


def gaussian_random_field(
    shape: tuple[int, int], rng: np.random.Generator, _options: object
) -> Real64:
    """Return two independent fields, mapped so that every fraction is equally frequent.

    The fields are drawn on a canvas larger by four outer scales and cut, since a field that a
    Fourier transform makes is periodic and would show its first rows again below its last ones.
    """
    height, width = (next_fast_len(side + int(4 * OUTER_SCALE_PX), real=True) for side in shape)
    frequency_y, frequency_x = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    power = (frequency_y**2 + frequency_x**2 + OUTER_SCALE_PX**-2) ** -SLOPE
    power[0, 0] = 0.0
    noise = rng.standard_normal((2, height, width))
    field = np.fft.irfft2(np.fft.rfft2(noise) * np.sqrt(power), s=(height, width))
    field /= field.std(axis=(1, 2), keepdims=True)
    return np.asarray(ndtr(field[:, : shape[0], : shape[1]]))
