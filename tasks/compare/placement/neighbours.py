"""Products of neighbouring pixels: what of an object no factor and no phase ramp can hide.

A(y + 1, x) conj(A(y, x)) does not know the global phase; a ramp of the phase multiplies it by one
constant factor, which the mean of all products tells, and the modulus scales it. Two objects are
found in each other by the correlation of these fields without their means.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from scipy.ndimage import affine_transform

from tasks.compare.placement.orientation import Orientation
from tasks.core import Complex, Real

# A few pixels of the dark rim may hold any value.
BRIGHT_PERCENTILE, MOST_OVER_BRIGHT = 90, 2.0


def neighbour_products(object_: Complex) -> tuple[Complex, Real]:
    """Return the products of neighbours along y and x, without ramp and mean.

    Args:
        object_: Object, NaN or zero where it is not known, shape (H, W).

    Returns:
        Products, zero where a neighbour is not known, shape (2, H, W); and the ramp along (y, x)
        that their means tell [rad / px].
    """
    products, ramp = np.zeros((2, *object_.shape), dtype=np.complex64), np.zeros(2)
    for axis in (0, 1):
        ahead, behind = [slice(None)] * 2, [slice(None)] * 2
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        product = object_[tuple(ahead)] * object_[tuple(behind)].conj()
        size = np.abs(product)
        # What is zero was never lit.
        known = np.isfinite(product) & (size > 0)
        if not known.any():
            continue
        product, size = np.where(known, product, 0), np.where(known, size, 0)
        most = MOST_OVER_BRIGHT * float(np.percentile(size[known], BRIGHT_PERCENTILE))
        product = product * (most / np.maximum(size, max(most, np.finfo(float).tiny)))
        mean = product[known].mean()
        ramp[axis] = np.angle(mean) if mean != 0 else 0.0
        levelled = product * np.exp(-1j * ramp[axis])
        products[axis][tuple(behind)] = np.where(known, levelled - np.abs(mean), 0)
    return products, ramp


def turned_products(products: Complex, orientation: Orientation, bin_px: int = 1) -> Complex:
    """Return the products of an object in another orientation, (2, H, W).

    Where an axis is reversed a neighbour ahead becomes one behind, and its product conjugate; it
    belongs to the pixel before then, less than half a square away among means over squares.
    """
    along_y, along_x = products
    if orientation.is_mirrored:
        along_y, along_x = along_y[:, ::-1], _behind(along_x[:, ::-1], 1, bin_px)
    for _ in range(orientation.quarter_turns):
        along_y, along_x = _behind(np.rot90(along_x), 0, bin_px), np.rot90(along_y)
    found = np.stack([along_y, along_x])
    return found.conj() if orientation.is_conjugated else found


def _behind(product: Complex, axis: int, bin_px: int) -> Complex:
    """Return products (H, W) of an axis that was reversed as those of the neighbours ahead."""
    turned = product.conj()
    return np.roll(turned, -1, axis) if bin_px == 1 else turned


def binned(products: Complex, factor: int) -> Complex:
    """Return means over squares of so many pixels, shape (2, H // factor, W // factor)."""
    if factor == 1:
        return products
    height, width = (n // factor * factor for n in products.shape[1:])
    squares = products[:, :height, :width].reshape(
        2, height // factor, factor, width // factor, factor
    )
    return np.asarray(squares.mean(axis=(2, 4)))


def rescaled(products: Complex, scale: float) -> Complex:
    """Return products on pixels that are so many times smaller, interpolated linearly."""
    if scale == 1:
        return products
    shape = tuple(max(1, int(np.floor((n - 1) * scale)) + 1) for n in products.shape[1:])
    if scale < 1:
        products = _smoothed(products, 1 / scale)
    return np.stack(
        [affine_transform(part, [1 / scale] * 2, output_shape=shape, order=1) for part in products]
    )


def _smoothed(products: Complex, width: float) -> Complex:
    """Return products without the detail that pixels so much larger cannot hold."""
    if width < 1.2:
        return products
    spectrum = scipy.fft.fft2(products)
    sigma = 0.4 * width
    for axis in (1, 2):
        frequency = scipy.fft.fftfreq(products.shape[axis]).astype(np.float32)
        shape = [-1 if a == axis else 1 for a in range(3)]
        spectrum *= np.exp(-2 * (np.pi * sigma * frequency) ** 2).reshape(shape)
    return np.asarray(scipy.fft.ifft2(spectrum))


@dataclass(frozen=True)
class Peak:
    """Where products correlate best.

    Attributes:
        origin: Place of the first pixel of one in the pixels of the other (y, x).
        correlation: Correlation there, over the powers of both, at most 1.
    """

    origin: tuple[int, int]
    correlation: float


class ProductCorrelator:
    """Finds products in those of one object, again and again."""

    def __init__(self, base: Complex, largest: tuple[int, int]) -> None:
        """Transform the products (2, H, W) of the base; none that is sought is larger."""
        self._base_shape = base.shape[1:]
        self._shape = tuple(
            scipy.fft.next_fast_len(n + m, real=True)
            for n, m in zip(self._base_shape, largest, strict=True)
        )
        self._spectra = self._spectra_of(base)
        self._power = float(np.sum(np.abs(base) ** 2))

    def peaks(self, products: Complex) -> tuple[Peak, Peak]:
        """Return where some products (2, h, w) correlate best, and where their conjugates do.

        The real parts correlate alike in both, the imaginary ones with another sign.
        """
        real, imaginary = (
            scipy.fft.irfft2(np.sum(base * one.conj(), axis=0), s=self._shape)
            for base, one in zip(self._spectra, self._spectra_of(products), strict=True)
        )
        power = float(np.sqrt(self._power * np.sum(np.abs(products) ** 2)))
        return self._peak(real + imaginary, power), self._peak(real - imaginary, power)

    def _spectra_of(self, products: Complex) -> tuple[Complex, Complex]:
        """Return the spectra of real and imaginary parts, each (2, h, w // 2 + 1)."""
        parts = (np.asarray(part, dtype=np.float32) for part in (products.real, products.imag))
        real, imaginary = (scipy.fft.rfft2(part, s=self._shape) for part in parts)
        return real, imaginary

    def _peak(self, correlation: Real, power: float) -> Peak:
        """Return the place and height of the largest value (H, W), wrapped around the base."""
        row, column = np.unravel_index(int(np.argmax(correlation)), correlation.shape)
        height = float(correlation[row, column]) / power if power > 0 else 0.0
        rows, columns = self._base_shape
        return Peak(
            (
                int(row - self._shape[0] if row >= rows else row),
                int(column - self._shape[1] if column >= columns else column),
            ),
            height,
        )
