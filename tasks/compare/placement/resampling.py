"""An object on the pixels of another: interpolated by a sine cardinal, which loses no detail.

Detail that the larger pixels cannot hold is left out; all else is kept, noise too, so that an
object does not look better for having been resampled.
"""

import numpy as np
from scipy.ndimage import distance_transform_edt

from tasks.core import Complex, Complex128, Real, Real64
from tasks.core.files.object_file import ObjectWindow

PAD_PX = 16


def resampled(
    object_: Complex, scale: float, origin: tuple[float, float], ramp: Real
) -> ObjectWindow:
    """Return an object on the whole pixels of a base.

    Args:
        object_: Object, NaN where it is not known, shape (h, w).
        scale: Side of its pixels over that of the base.
        origin: Place of its first pixel in those of the base (y, x).
        ramp: Phase ramp to take out before (y, x) [rad / px of the object]; a steep one would
            alias.

    Returns:
        The object in the frame of the base. Of equal pixels it is the same object, ramp and all, at
        the nearest whole pixel: the gauge finds the rest.
    """
    if scale == 1:
        row, column = (int(np.floor(place + 0.5)) for place in origin)
        return ObjectWindow(object_, (row, column))
    known = np.isfinite(object_)
    filled = object_
    if not known.all():
        nearest = distance_transform_edt(~known, return_distances=False, return_indices=True)
        filled = object_[tuple(nearest)]
    flat = filled * np.multiply.outer(
        *(
            np.exp(-1j * k * (np.arange(n) - n // 2))
            for k, n in zip(ramp, filled.shape, strict=True)
        )
    )
    corner = tuple(int(np.ceil(place - 1e-9)) for place in origin)
    places = [
        (np.arange(first, int(np.floor(place + scale * (n - 1) + 1e-9)) + 1) - place) / scale
        for first, place, n in zip(corner, origin, object_.shape, strict=True)
    ]
    padded = np.pad(flat, PAD_PX, mode="symmetric")
    kernels = [
        _kernel(at + PAD_PX, n, min(1.0, scale)) for at, n in zip(places, padded.shape, strict=True)
    ]
    values: Complex128 = kernels[0] @ padded @ kernels[1].T
    rows, columns = (
        np.clip(np.rint(at).astype(int), 0, n - 1)
        for at, n in zip(places, object_.shape, strict=True)
    )
    inside = known[np.ix_(rows, columns)]
    return ObjectWindow(np.where(inside, values, np.nan), (corner[0], corner[1]))


def _kernel(places: Real, n: int, band: float) -> Real64:
    """Return what pixels 0 to n - 1 give to each place, periodic, shape (places, n).

    The band is the share of frequencies that is kept; the sum over its frequencies is that of
    Dirichlet's kernel.
    """
    offset = places[:, None] - np.arange(n)
    half = min(int(np.floor(band * n / 2)), (n - 1) // 2)
    angle = np.pi * offset / n
    bottom = n * np.sin(angle)
    count = 2 * half + 1
    near = np.abs(bottom) < 1e-9
    ratio = np.sin(count * angle) / np.where(near, 1.0, bottom)
    return np.where(near, count / n, ratio)
