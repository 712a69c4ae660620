"""Objects planted elsewhere: shifted, turned, conjugated, ramped, scaled and resampled."""

import numpy as np

from tasks.compare.placement.orientation import Orientation
from tasks.core.objects import ObjectParams, make_object

EDGE_PX = 20


def sample(side_px, seed=1):
    rng = np.random.default_rng(seed)
    return make_object(ObjectParams(), (side_px, side_px), rng).astype(np.complex128)


def with_noise(object_, fraction, seed=2):
    rng = np.random.default_rng(seed)
    size = fraction * np.sqrt(np.mean(np.abs(object_) ** 2) / 2)
    return object_ + size * (
        rng.standard_normal(object_.shape) + 1j * rng.standard_normal(object_.shape)
    )


def resampled_exactly(object_, finer, origin):
    """Return an object on pixels so many times smaller, from an origin, by its Fourier series."""
    padded = np.pad(object_, 32, mode="symmetric")
    planes = []
    for n, first, whole in zip(object_.shape, origin, padded.shape, strict=True):
        places = first + np.arange(int((n - 2 * EDGE_PX) * finer)) / finer + 32
        frequencies = np.fft.fftfreq(whole)
        planes.append(np.exp(2j * np.pi * np.multiply.outer(places, frequencies)) / whole)
    return planes[0] @ np.fft.fft2(padded) @ planes[1].T


def planted(object_, finer=1.25, shift=(3.3, -7.6), orientation=None, ramp=(0.31, -0.17)):
    """Return the object as another program might have stored it."""
    orientation = orientation or Orientation(True, True, 1)
    origin = tuple(EDGE_PX - move for move in shift)
    moved = orientation.apply(resampled_exactly(object_, finer, origin))
    rows, columns = np.indices(moved.shape)
    return 0.7 * np.exp(1j * (0.8 + ramp[0] * rows + ramp[1] * columns)) * moved
