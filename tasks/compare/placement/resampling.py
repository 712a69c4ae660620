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
        row, column = (
            reached(n, scale, at)[0] for n, at in zip(object_.shape, origin, strict=True)
        )
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
    lines = [reached(n, scale, place) for n, place in zip(object_.shape, origin, strict=True)]
    places = [(np.arange(*line) - place) / scale for line, place in zip(lines, origin, strict=True)]
    padded = np.pad(flat, PAD_PX, mode="symmetric")
    kernels = [
        _kernel(at + PAD_PX, n, min(1.0, scale)) for at, n in zip(places, padded.shape, strict=True)
    ]
    values = _product(kernels[1], _product(kernels[0], padded).T).T
    rows, columns = (
        np.clip(np.rint(at).astype(int), 0, n - 1)
        for at, n in zip(places, object_.shape, strict=True)
    )
    inside = known[np.ix_(rows, columns)]
    return ObjectWindow(np.where(inside, values, np.nan), (lines[0][0], lines[1][0]))


def reached(n: int, scale: float, place: float) -> tuple[int, int]:
    """Return the first pixel of a base that a line of pixels reaches, and the one after its last.

    The line is n pixels long, each so many of the base, and begins at a place in it.
    """
    if scale == 1:
        first = int(np.floor(place + 0.5))
        return first, first + n
    return int(np.ceil(place - 1e-9)), int(np.floor(place + scale * (n - 1) + 1e-9)) + 1


def _product(kernel: Real64, values: Complex) -> Complex128:
    """Return a real matrix times a complex one, without making the real one complex."""
    pairs = np.ascontiguousarray(values, dtype=np.complex128).view(np.float64)
    return np.asarray((kernel @ pairs).view(np.complex128))


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
