"""Fourier ring correlation: up to which detail an image agrees with another.

Saxton & Baumeister, J. Microsc. 127, 127 (1982); van Heel, Ultramicroscopy 21, 95 (1987): on every
ring of spatial frequency C = Re sum F1 conj(F2) / sqrt(sum |F1|^2 sum |F2|^2). Scale does not
matter, nor does a blur alone: C shows what is lost in noise or error, not what is attenuated. A
phase between complex images does matter, so the gauge is removed first.

Both images lose their weighted mean and are tapered, or their edges would agree whatever they
show: by a Tukey window over the bounding box of the mask and, where the mask is no rectangle, by
a soft edge inside it.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from tasks.core import Mask, Real64
from tasks.core.geometry.patches import bounding_box

Image = NDArray[np.floating] | NDArray[np.complexfloating]
Parts = tuple[NDArray[np.number], NDArray[np.number]]

TAPERED_FRACTION = 0.5
SOFT_EDGE_PX = 8.0
MIN_SIDE_PX = 16
FEWEST_VALUES = 24
LEAST_POWER_RATIO = 1e-18
LEAST_NOISE_RATIO = 1e-12
NOT_CROSSED = "not crossed: above 0.5 up to Nyquist"
TOO_FEW_VALUES = "every ring holds too few values"


@dataclass(frozen=True)
class FrcCurve:
    """Correlation of two images, ring by ring, from the first ring to Nyquist's frequency.

    Ring k holds the frequencies from k to k + 1 Fourier pixels, the upper edge left out; ring 0 is
    zero frequency alone and no part of the curve, since the means are removed.

    Attributes:
        frequency_per_px: Middle of each ring [1 / px], rising, below 0.5, shape (K,).
        correlation: Correlation in [-1, 1]; 0 where an image has no power at all, shape (K,).
        n_values: Independent real values of each ring, so that unrelated noise correlates by
            no more than 1 / sqrt(n_values) (one standard deviation), shape (K,).
    """

    frequency_per_px: Real64
    correlation: Real64
    n_values: Real64


@dataclass(frozen=True)
class FrcSummary:
    """Ring correlation of two images, and what it comes to.

    Attributes:
        curve: The curve; None where it is not defined.
        half_crossing_per_px: Where it falls below one half [1 / px]; None where it does not.
        reason: Why there is no crossing, or no curve at all; None where there is one.
    """

    curve: FrcCurve | None
    half_crossing_per_px: float | None
    reason: str | None

    @property
    def area(self) -> float | None:
        """The mean correlation; None without a curve."""
        return None if self.curve is None else area(self.curve)


def frc_summary(image: Image, truth: Image, mask: Mask | None = None) -> FrcSummary:
    """Return the Fourier ring correlation of two images, and what it comes to.

    Rings are as wide as a Fourier pixel of the bounding box's smaller side, in cycles per pixel,
    so an oblong box has true rings. Only whole rings below Nyquist's frequency are used. A ring
    on which an image has no power correlates with nothing: 0.

    Args:
        image: An image, real or complex, shape (H, W).
        truth: The image to hold it against, shape (H, W).
        mask: Pixels to use, shape (H, W); all if None. Others may hold anything.

    Returns:
        The curve, symmetric in the two images, 1 for an image with itself; or the reason why
        there is none: the pixels span less than 16 px, or an image has no contrast.

    Raises:
        ValueError: If shapes differ or are not 2-D, or a used pixel is not finite.
    """
    first, second, weights = _prepared(image, truth, mask)
    undefined = size_reason(weights.shape) or _contrast_reason((first, second), weights)
    if undefined:
        return FrcSummary(None, None, undefined)
    curve = _curve((first, second), weights)
    crossing = half_crossing_per_px(curve)
    if crossing is not None:
        return FrcSummary(curve, crossing, None)
    is_known = bool(np.any(curve.n_values >= FEWEST_VALUES))
    return FrcSummary(curve, None, NOT_CROSSED if is_known else TOO_FEW_VALUES)


def size_reason(shape: tuple[int, ...]) -> str | None:
    """Return why the bounding box of a mask is too small for rings; None if it is not."""
    if min(shape) >= MIN_SIDE_PX:
        return None
    height, width = shape
    return f"frc is not defined: {height} x {width} px, it needs {MIN_SIDE_PX} px a side"


def half_crossing_per_px(curve: FrcCurve, level: float = 0.5) -> float | None:
    """Return the frequency [1 / px] at which the correlation first falls below a level in (0, 1).

    Rings of less than 24 independent values are not looked at: chance alone moves them by 0.2.
    The first ring that is looked at follows on a correlation of 1 at frequency 0, where the gauge
    makes images agree; if it is below the level already, the crossing lies between the two.
    Van Heel & Schatz, J. Struct. Biol. 151, 250 (2005), discuss levels.

    Returns:
        The frequency, linear between rings; None if every ring that is looked at reaches the
        level: the crossing is beyond Nyquist's frequency, or there is no such ring.
    """
    if not 0 < level < 1:
        raise ValueError(f"A level lies between 0 and 1, got {level}. Take 0.5, or 1 / 7.")
    known = curve.n_values >= FEWEST_VALUES
    frequency = np.concatenate([[0.0], curve.frequency_per_px[known]])
    correlation = np.concatenate([[1.0], curve.correlation[known]])
    below = np.flatnonzero(correlation < level)
    if not len(below):
        return None
    after = int(below[0])
    before = after - 1
    share = (correlation[before] - level) / (correlation[before] - correlation[after])
    return float(frequency[before] + share * (frequency[after] - frequency[before]))


def area(curve: FrcCurve) -> float:
    """Return the mean correlation from 0 to 0.5 / px, all frequencies alike; 1 is perfect."""
    return float(np.mean(curve.correlation))


def ssnr(curve: FrcCurve) -> list[float | None]:
    """Return the spectral signal-to-noise ratio of an image against a truth without noise.

    C^2 / (1 - C^2), power over power, since C = sqrt(S / (S + N)) for noise N in one image alone;
    0 where C <= 0, None where it is infinite (C is 1).
    """
    powers = [c**2 if c > 0 else 0.0 for c in curve.correlation.tolist()]
    return [power / (1 - power) if 1 - power > LEAST_NOISE_RATIO else None for power in powers]


def _curve(parts: Parts, weights: Real64) -> FrcCurve:
    """Return the correlation of two images within a box, ring by ring."""
    rings = _ring_numbers(weights.shape)
    n_rings = min(weights.shape) // 2 - 1
    spectra = [scipy.fft.fft2(_tapered(part, weights)).astype(np.complex128) for part in parts]

    def ring_sums(values: Real64) -> Real64:
        sums = np.bincount(rings.ravel(), values.ravel(), n_rings + 1)
        return np.asarray(sums[1 : n_rings + 1], dtype=np.float64)

    shared = ring_sums((spectra[0] * spectra[1].conj()).real)
    # Roots before the product, so that small powers do not vanish in it.
    norms = [np.sqrt(ring_sums(np.abs(spectrum) ** 2)) for spectrum in spectra]
    norm = norms[0] * norms[1]
    correlation = np.divide(shared, norm, out=np.zeros(n_rings), where=norm > 0)
    is_complex = any(np.iscomplexobj(part) for part in parts)
    independent = np.sum(weights**2) ** 2 / (weights.size * np.sum(weights**4))
    return FrcCurve(
        frequency_per_px=(np.arange(1, n_rings + 1) + 0.5) / min(weights.shape),
        correlation=np.clip(correlation, -1.0, 1.0),
        n_values=ring_sums(np.ones(weights.shape)) * independent * (2 if is_complex else 1),
    )


def _prepared(
    image: Image, truth: Image, mask: Mask | None
) -> tuple[NDArray[np.number], NDArray[np.number], Real64]:
    """Return two images in the mask's bounding box, and their weights; raises as `frc_summary`."""
    shapes = {image.shape, truth.shape} | (set() if mask is None else {mask.shape})
    if image.ndim != 2 or len(shapes) > 1:
        raise ValueError(
            f"Image, truth and mask must share one 2-D shape: got {image.shape}, {truth.shape} and "
            f"{None if mask is None else mask.shape}. Cut them to one window of the object's frame."
        )
    used = np.ones(image.shape, dtype=np.bool_) if mask is None else np.asarray(mask, np.bool_)
    box = bounding_box(used)
    used = used[box]
    parts: list[NDArray[np.number]] = []
    for name, whole in (("image", image), ("truth", truth)):
        part = whole[box]
        lost = int(np.count_nonzero(~np.isfinite(part[used])))
        if lost:
            raise ValueError(
                f"{lost} of {np.count_nonzero(used)} pixels of the {name} are not finite. Make the "
                f"reconstruction again, or leave these pixels out of the mask."
            )
        wide = np.complex128 if np.iscomplexobj(part) else np.float64
        parts.append(np.where(used, part, 0).astype(wide))
    return parts[0], parts[1], _weights(used)


def _weights(used: Mask) -> Real64:
    """Return the taper: a Tukey window over the box, times a soft edge where the mask ends."""
    # Symmetric windows end in zeros; these begin one px outside the box instead.
    rows, columns = (_tukey(n + 2)[1:-1] for n in used.shape)
    window = np.multiply.outer(rows, columns)
    if not used.all():
        depth = np.minimum(distance_transform_edt(used) / (SOFT_EDGE_PX + 1), 1.0)
        window = window * np.sin(0.5 * np.pi * depth) ** 2
    return np.asarray(window, dtype=np.float64)


def _tukey(n: int) -> Real64:
    """Return the symmetric Tukey window of SciPy, whose import would take a second; shape (n,)."""
    places, edge = np.arange(n), int(np.floor(TAPERED_FRACTION * (n - 1) / 2))
    window = np.ones(n)
    rise, fall = places[: edge + 1], places[n - edge - 1 :]
    turns = 2.0 * rise / TAPERED_FRACTION / (n - 1)
    window[: edge + 1] = 0.5 * (1 + np.cos(np.pi * (-1 + turns)))
    turns = -2.0 / TAPERED_FRACTION + 1 + 2.0 * fall / TAPERED_FRACTION / (n - 1)
    window[n - edge - 1 :] = 0.5 * (1 + np.cos(np.pi * turns))
    return window


def _tapered(part: NDArray[np.number], weights: Real64) -> NDArray[np.number]:
    """Return an image without its weighted mean, tapered: its zero frequency is zero."""
    return np.asarray(weights * (part - np.sum(weights * part) / np.sum(weights)))


def _contrast_reason(parts: Parts, weights: Real64) -> str | None:
    """Return which of two images is flat, as a sentence; None if neither is."""
    for name, part in zip(("image", "truth"), parts, strict=True):
        detail = float(np.sum(np.abs(_tapered(part, weights)) ** 2))
        if detail <= LEAST_POWER_RATIO * float(np.sum(np.abs(weights * part) ** 2)):
            return f"frc is not defined: the {name} has no contrast"
    return None


def _ring_numbers(shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Return the ring of every Fourier pixel, zero frequency first, shape (H, W)."""
    rows, columns = (scipy.fft.fftfreq(n) * min(shape) for n in shape)
    radius = np.hypot(rows[:, None], columns)
    # Rounding must not move what lies on an edge.
    return np.asarray(np.floor(radius + 1e-9), dtype=np.intp)
