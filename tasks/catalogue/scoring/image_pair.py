"""Errors and similarities of a 2-D image against the truth, as pure functions.

Every function takes the image first and the truth second. `data_range` is the truth's, inside
the scored region: never the prediction's, never 2 pi, never 255. A metric that is not defined for
its input is None, and `undefined_reason` says why.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tasks.catalogue.scoring.similarity import (
    Image,
    Mask,
    SimilarityMaps,
    TrueScales,
    halved_mask,
    windows_inside,
)
from tasks.core.physics.phases import wrap
from tasks.core.study.ms_ssim_scales import MS_SSIM_MIN_PX, SCALE_WEIGHTS, WINDOW_PX

Number = TypeVar("Number", bound=np.inexact)

N_SCALES = {"ssim": 1, "ms_ssim": len(SCALE_WEIGHTS)}
MIN_SIDE_PX = {"ssim": WINDOW_PX, "ms_ssim": MS_SSIM_MIN_PX}


def mae(
    image: Image, truth: Image, mask: Mask | None = None, *, data_range: float | None = None
) -> float:
    """Return the mean absolute error over the mask, in the unit of the images.

    It needs no `data_range`, and takes one so that all metrics may be called alike.
    """
    del data_range
    image, truth = _paired(image, truth, mask)
    return float(np.mean(np.abs(image - truth)))


def mse(
    image: Image, truth: Image, mask: Mask | None = None, *, data_range: float | None = None
) -> float:
    """Return the mean squared error over the mask, in the squared unit of the images.

    It needs no `data_range`, and takes one so that all metrics may be called alike.
    """
    del data_range
    image, truth = _paired(image, truth, mask)
    return float(np.mean((image - truth) ** 2))


def psnr(
    image: Image, truth: Image, *, data_range: float, mask: Mask | None = None
) -> float | None:
    """Return the peak signal-to-noise ratio [dB], 10 log10(data_range^2 / MSE).

    Returns:
        The ratio, infinite for identical images, None for a truth without contrast.
    """
    return psnr_of(mse(image, truth, mask), data_range)


def psnr_of(squared_error: float, data_range: float) -> float | None:
    """Return the peak signal-to-noise ratio [dB] of a mean squared error, as `psnr`."""
    if undefined_reason("psnr", (0, 0), data_range):
        return None
    if squared_error == 0:
        return float("inf")
    return float(10 * np.log10(data_range**2 / squared_error))


def wrapped_mae(phase: Image, true_phase: Image, mask: Mask | None = None) -> float:
    """Return the mean absolute phase error [rad], where 2 pi is no difference."""
    phase, true_phase = _paired(phase, true_phase, mask)
    return float(np.mean(np.abs(wrap(phase - true_phase))))


def complex_nrmse(
    reconstruction: NDArray[np.complexfloating],
    truth: NDArray[np.complexfloating],
    mask: Mask | None = None,
) -> float:
    """Return the root of the summed squared complex error over that of the truth."""
    reconstruction, truth = _paired(reconstruction, truth, mask)
    power = float(np.sum(np.abs(truth) ** 2))
    if power == 0:
        raise ValueError("The truth is zero everywhere in the mask. Check the file of the truth.")
    return float(np.sqrt(np.sum(np.abs(reconstruction - truth) ** 2) / power))


def ssim(
    image: Image, truth: Image, *, data_range: float, mask: Mask | None = None
) -> float | None:
    """Return the mean structural similarity, a number up to 1.

    Wang et al., IEEE Trans. Image Process. 13, 600 (2004), eq. 13: Gaussian window of 11 x 11 px,
    sigma 1.5 px, K1 0.01, K2 0.03, population covariance, mean over the pixels whose window lies
    inside the image and inside the mask.

    Args:
        image: Image to judge, shape (H, W).
        truth: True image, shape (H, W).
        data_range: Largest minus smallest true value.
        mask: Pixels that may be looked at, shape (H, W); all if None. Others may hold anything.

    Returns:
        The similarity; None if a side is under 11 px, the truth has no contrast, or no window
        lies wholly inside the mask.
    """
    maps = _maps("ssim", image, truth, data_range, mask)
    return None if maps is None else maps.ssim


def ms_ssim(
    image: Image, truth: Image, *, data_range: float, mask: Mask | None = None
) -> float | None:
    """Return the multi-scale structural similarity, a number in [0, 1].

    Wang, Simoncelli & Bovik, Asilomar Conf. Signals Syst. Comput. 37, 1398 (2003), eq. 7: the mean
    contrast and structure of four scales and the mean similarity of the fifth, raised to the
    weights of the paper's section 3.2. A scale is the 2 x 2 mean of the one before; an odd side
    repeats its last line, and the mask keeps the coarse pixels whose four pixels it held. A
    negative mean counts as 0, since its power is not real.

    Args:
        image: Image to judge, shape (H, W).
        truth: True image, shape (H, W).
        data_range: Largest minus smallest true value.
        mask: Pixels that may be looked at, shape (H, W); all if None. Others may hold anything.

    Returns:
        The similarity; None if a side is under 176 px, where the fifth scale is smaller than the
        window, if the truth has no contrast, or if a scale keeps no window inside the mask.
    """
    maps = _maps("ms_ssim", image, truth, data_range, mask)
    return None if maps is None else maps.ms_ssim


def undefined_reason(
    metric: str, shape: tuple[int, ...], data_range: float, mask: Mask | None = None
) -> str | None:
    """Return why a metric has no value for images of a shape and range; None if it has one.

    Args:
        metric: `psnr`, `ssim` or `ms_ssim`.
        shape: Shape of the images.
        data_range: Largest minus smallest true value.
        mask: Pixels that may be looked at, of that shape; all if None.

    Returns:
        A sentence, or None.

    Raises:
        ValueError: If the range is negative or not finite.
    """
    if not (np.isfinite(data_range) and data_range >= 0):
        raise ValueError(
            f"data_range must be finite and not negative, got {data_range}. Give the largest "
            f"minus the smallest value of the truth."
        )
    if data_range == 0:
        return f"{metric} is not defined: the truth has no contrast (data_range 0)"
    least = MIN_SIDE_PX.get(metric, 0)
    if min(shape) < least:
        height, width = shape
        return f"{metric} is not defined: {height} x {width} px, it needs {least} px on each side"
    return None if mask is None else _no_window_reason(metric, mask)


def _no_window_reason(metric: str, mask: Mask) -> str | None:
    """Return on which scale no window lies wholly inside the mask, None if every scale has one."""
    n_scales = N_SCALES.get(metric, 0)
    for scale in range(1, n_scales + 1):
        if not windows_inside(mask).any():
            return (
                f"{metric} is not defined: no window of {WINDOW_PX} x {WINDOW_PX} px lies wholly "
                f"inside the mask on scale {scale} of {n_scales}"
            )
        mask = halved_mask(mask)
    return None


def _maps(
    metric: str, image: Image, truth: Image, data_range: float, mask: Mask | None
) -> SimilarityMaps | None:
    """Return the maps of a similarity, None if it is not defined; raises as `_paired`."""
    _paired(image, truth, mask)
    if undefined_reason(metric, truth.shape, data_range, mask):
        return None
    if mask is not None:
        image, truth = np.where(mask, image, 0), np.where(mask, truth, 0)
    return TrueScales(truth, data_range, N_SCALES[metric], mask).maps(image)


def _paired(
    image: NDArray[Number], truth: NDArray[Number], mask: Mask | None
) -> tuple[NDArray[Number], NDArray[Number]]:
    """Return the pixels of both images inside the mask.

    Raises:
        ValueError: If shapes differ or are not 2-D, the mask is empty or not boolean, or a pixel
            is not finite.
    """
    if mask is not None and mask.dtype != np.bool_:
        raise ValueError(
            f"A mask holds True and False, got {mask.dtype}. Compare it with a threshold first."
        )
    shapes = {image.shape, truth.shape} | (set() if mask is None else {mask.shape})
    if image.ndim != 2 or len(shapes) > 1:
        raise ValueError(
            f"Image, truth and mask must share one 2-D shape: got {image.shape}, {truth.shape} and "
            f"{None if mask is None else mask.shape}. Cut them to one window of the object's frame."
        )
    pixels = (image, truth) if mask is None else (image[mask], truth[mask])
    if pixels[0].size == 0:
        raise ValueError("There is no pixel to score: the mask is empty. Check the scan's extent.")
    for name, values in zip(("image", "truth"), pixels, strict=True):
        lost = int(np.count_nonzero(~np.isfinite(values)))
        if lost:
            raise ValueError(
                f"{lost} of {values.size} scored pixels of the {name} are not finite. Make the "
                f"reconstruction again, or leave these pixels out of the mask."
            )
    return pixels
