"""Errors and similarities of a 2-D image against the truth, as pure functions.

Every function takes the image first and the truth second. `data_range` is the truth's, inside
the scored region: never the prediction's, never 2 pi, never 255. A metric that is not defined for
its input is None, and `undefined_reason` says why.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d

from tasks.core.ms_ssim_scales import MS_SSIM_MIN_PX, SCALE_WEIGHTS, WINDOW_PX
from tasks.core.phases import wrap

Mask = NDArray[np.bool_]
Image = NDArray[np.floating]
Number = TypeVar("Number", bound=np.inexact)

WINDOW_SIGMA_PX = 1.5
K1, K2 = 0.01, 0.03
MIN_SIDE_PX = {"ssim": WINDOW_PX, "ms_ssim": MS_SSIM_MIN_PX}


def mae(image: Image, truth: Image, mask: Mask | None = None) -> float:
    """Return the mean absolute error over the mask, in the unit of the images."""
    image, truth = _paired(image, truth, mask)
    return float(np.mean(np.abs(image - truth)))


def mse(image: Image, truth: Image, mask: Mask | None = None) -> float:
    """Return the mean squared error over the mask, in the squared unit of the images."""
    image, truth = _paired(image, truth, mask)
    return float(np.mean((image - truth) ** 2))


def psnr(
    image: Image, truth: Image, *, data_range: float, mask: Mask | None = None
) -> float | None:
    """Return the peak signal-to-noise ratio [dB], 10 log10(data_range^2 / MSE).

    Returns:
        The ratio, infinite for identical images, None for a truth without contrast.
    """
    error = mse(image, truth, mask)
    if undefined_reason("psnr", truth.shape, data_range):
        return None
    return float(10 * np.log10(data_range**2 / error)) if error > 0 else float("inf")


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


def ssim(image: Image, truth: Image, *, data_range: float) -> float | None:
    """Return the mean structural similarity, a number up to 1.

    Wang et al., IEEE Trans. Image Process. 13, 600 (2004), eq. 13: Gaussian window of 11 x 11 px,
    sigma 1.5 px, K1 0.01, K2 0.03, population covariance, mean over the pixels whose window lies
    inside the image.

    Args:
        image: Image to judge, shape (H, W).
        truth: True image, shape (H, W).
        data_range: Largest minus smallest true value.

    Returns:
        The similarity; None if a side is under 11 px or the truth has no contrast.
    """
    image, truth = _paired_2d(image, truth)
    if undefined_reason("ssim", truth.shape, data_range):
        return None
    luminance, contrast = _similarity_maps(image, truth, data_range)
    return float(np.mean(luminance * contrast))


def ms_ssim(image: Image, truth: Image, *, data_range: float) -> float | None:
    """Return the multi-scale structural similarity, a number in [0, 1].

    Wang, Simoncelli & Bovik, Asilomar Conf. Signals Syst. Comput. 37, 1398 (2003), eq. 7: the mean
    contrast and structure of four scales and the mean similarity of the fifth, raised to the
    weights of the paper's section 3.2. A scale is the 2 x 2 mean of the one before; an odd side
    repeats its last line. A negative mean counts as 0, since its power is not real.

    Args:
        image: Image to judge, shape (H, W).
        truth: True image, shape (H, W).
        data_range: Largest minus smallest true value.

    Returns:
        The similarity; None if a side is under 176 px, where the fifth scale is smaller than the
        window, or the truth has no contrast.
    """
    image, truth = _paired_2d(image, truth)
    if undefined_reason("ms_ssim", truth.shape, data_range):
        return None
    result = 1.0
    for scale, weight in enumerate(SCALE_WEIGHTS):
        if scale:
            image, truth = _halve(image), _halve(truth)
        luminance, contrast = _similarity_maps(image, truth, data_range)
        last = scale == len(SCALE_WEIGHTS) - 1
        mean = float(np.mean(luminance * contrast if last else contrast))
        result *= max(mean, 0.0) ** weight
    return result


def undefined_reason(metric: str, shape: tuple[int, ...], data_range: float) -> str | None:
    """Return why a metric has no value for images of a shape and range; None if it has one.

    Args:
        metric: `psnr`, `ssim` or `ms_ssim`.
        shape: Shape of the images.
        data_range: Largest minus smallest true value.

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
    return None


def _similarity_maps(image: Image, truth: Image, data_range: float) -> tuple[Image, Image]:
    """Return luminance, and contrast times structure, where the window lies inside the image."""
    mean_image, mean_truth = _window_mean(image), _window_mean(truth)
    covariance = _window_mean(image * truth) - mean_image * mean_truth
    variances = _window_mean(image**2 + truth**2) - mean_image**2 - mean_truth**2
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    luminance = (2 * mean_image * mean_truth + c1) / (mean_image**2 + mean_truth**2 + c1)
    return luminance, (2 * covariance + c2) / (variances + c2)


def _window_mean(image: Image) -> Image:
    """Return the Gaussian mean of every window that lies inside the image."""
    half = WINDOW_PX // 2
    offsets = np.arange(-half, half + 1)
    window = np.exp(-0.5 * (offsets / WINDOW_SIGMA_PX) ** 2)
    window /= window.sum()
    rows = correlate1d(image, window, axis=0)[half : image.shape[0] - half]
    return np.asarray(correlate1d(rows, window, axis=1)[:, half : image.shape[1] - half])


def _halve(image: Image) -> Image:
    """Return the 2 x 2 means; an odd side repeats its last line first."""
    height, width = image.shape
    image = np.pad(image, ((0, height % 2), (0, width % 2)), mode="symmetric")
    return np.asarray(
        (image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2]) / 4
    )


def _paired_2d(image: Image, truth: Image) -> tuple[Image, Image]:
    """Check two whole images, and return them in double precision."""
    _paired(image, truth, None)
    return image.astype(np.float64), truth.astype(np.float64)


def _paired(
    image: NDArray[Number], truth: NDArray[Number], mask: Mask | None
) -> tuple[NDArray[Number], NDArray[Number]]:
    """Return the pixels of both images inside the mask.

    Raises:
        ValueError: If shapes differ or are not 2-D, the mask is empty, or a pixel is not finite.
    """
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
