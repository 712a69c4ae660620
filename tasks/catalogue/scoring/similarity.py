"""Local similarity of images: luminance, and contrast times structure, in Gaussian windows.

Wang et al., IEEE Trans. Image Process. 13, 600 (2004), eqs. 6 to 13, and on several scales Wang,
Simoncelli & Bovik, Asilomar Conf. Signals Syst. Comput. 37, 1398 (2003). What depends on the truth
alone is computed once for all images that are held against it.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, minimum_filter1d

from tasks.core import Mask
from tasks.core.files.metrics_table import SCALE_WEIGHTS, WINDOW_PX

Image = NDArray[np.floating]

WINDOW_SIGMA_PX = 1.5
K1, K2 = 0.01, 0.03
Scalar = TypeVar("Scalar", bound=np.generic)
HALF_PX = WINDOW_PX // 2
_OFFSETS = np.arange(-HALF_PX, HALF_PX + 1)
WINDOW = np.exp(-0.5 * (_OFFSETS / WINDOW_SIGMA_PX) ** 2)
WINDOW /= WINDOW.sum()


@dataclass(frozen=True)
class SimilarityMaps:
    """Similarity of an image where the window lies inside it.

    Attributes:
        similarity: Luminance times contrast and structure on the finest scale.
        factors: What MS-SSIM averages on every scale: contrast times structure, and on the last
            one the similarity with luminance.
        inside: Windows that lie wholly inside the mask, on every scale; all where None.
    """

    similarity: Image
    factors: list[Image]
    inside: list[Mask | None]

    @property
    def ssim(self) -> float:
        """The mean similarity on the finest scale."""
        return _mean(self.similarity, self.inside[0])

    @property
    def ms_ssim(self) -> float:
        """The product of the scales' means, raised to their weights."""
        return product_of_scales(
            [_mean(part, inside) for part, inside in zip(self.factors, self.inside, strict=True)]
        )


@dataclass(frozen=True)
class TrueWindows:
    """The truth on one scale.

    Attributes:
        truth: True image, shape (H, W).
        mean: Its mean in every window that lies inside it, shape (H - 10, W - 10).
        mean_square: The mean of its square in those windows.
        inside: Windows that lie wholly inside the mask; all if None.
    """

    truth: Image
    mean: Image
    mean_square: Image
    inside: Mask | None


class TrueScales:
    """The truth on one or several scales, the finest first, ready for any number of images.

    A scale is the 2 x 2 mean of the one before; an odd side repeats its last line. A coarse pixel
    is masked in if all of its four are.
    """

    def __init__(
        self, truth: Image, data_range: float, n_scales: int, mask: Mask | None = None
    ) -> None:
        self.data_range = data_range
        self.scales: list[TrueWindows] = []
        truth = truth.astype(np.float64)
        for inside in [None] * n_scales if mask is None else scales_of_mask(mask, n_scales):
            means = window_mean(truth), window_mean(truth**2)
            self.scales.append(TrueWindows(truth, *means, inside))
            truth = halved(truth)

    def maps(self, image: Image) -> SimilarityMaps:
        """Return the similarity of an image of shape (H, W) on every scale."""
        image = image.astype(np.float64)
        similarity, contrast = _similarity(image, self.scales[0], self.data_range)
        first, factors = similarity, [contrast]
        for scale in self.scales[1:]:
            image = halved(image)
            similarity, contrast = _similarity(image, scale, self.data_range)
            factors.append(contrast)
        factors[-1] = similarity
        return SimilarityMaps(first, factors, [scale.inside for scale in self.scales])


def product_of_scales(means: list[float]) -> float:
    """Return the product of the scales' means, each raised to its weight; negative ones count 0."""
    result = 1.0
    for mean, weight in zip(means, SCALE_WEIGHTS, strict=True):
        result *= max(mean, 0.0) ** weight
    return result


def window_mean(image: Image) -> Image:
    """Return the Gaussian mean of every window that lies inside the image."""
    rows = correlate1d(image, WINDOW, axis=0)[HALF_PX : image.shape[0] - HALF_PX]
    return np.asarray(correlate1d(rows, WINDOW, axis=1)[:, HALF_PX : image.shape[1] - HALF_PX])


def scales_of_mask(mask: Mask, n_scales: int) -> list[Mask]:
    """Return which windows lie wholly inside a mask, on every scale."""
    found = []
    for _ in range(n_scales):
        found.append(windows_inside(mask))
        mask = halved_mask(mask)
    return found


def windows_inside(mask: Mask) -> Mask:
    """Return which of the windows that lie inside the image lie wholly inside the mask."""
    if min(mask.shape) < WINDOW_PX:
        return np.zeros((0, 0), dtype=np.bool_)
    held = mask.astype(np.uint8)
    for axis in (0, 1):
        held = minimum_filter1d(held, WINDOW_PX, axis=axis)
    return held[HALF_PX:-HALF_PX, HALF_PX:-HALF_PX] > 0


def halved(image: Image) -> Image:
    """Return the 2 x 2 means; an odd side repeats its last line first."""
    image = _even(image)
    return np.asarray(
        (image[::2, ::2] + image[1::2, ::2] + image[::2, 1::2] + image[1::2, 1::2]) / 4
    )


def halved_mask(mask: Mask) -> Mask:
    """Return which 2 x 2 pixels are all masked in; an odd side repeats its last line first."""
    mask = _even(mask)
    return np.asarray(mask[::2, ::2] & mask[1::2, ::2] & mask[::2, 1::2] & mask[1::2, 1::2])


def _even(image: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return an image of even sides."""
    height, width = image.shape
    if height % 2 or width % 2:
        return np.pad(image, ((0, height % 2), (0, width % 2)), mode="symmetric")
    return image


def _similarity(image: Image, scale: TrueWindows, data_range: float) -> tuple[Image, Image]:
    """Return similarity, and contrast times structure, eqs. 6 to 13 of the paper of 2004."""
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    mean = window_mean(image)
    product, power = mean * scale.mean, mean**2 + scale.mean**2
    covariance = window_mean(image * scale.truth) - product
    variances = window_mean(image**2) + scale.mean_square - power
    contrast = (2 * covariance + c2) / (variances + c2)
    return contrast * (2 * product + c1) / (power + c1), contrast


def _mean(values: Image, inside: Mask | None) -> float:
    """Return the mean over the windows inside the mask."""
    return float(np.mean(values if inside is None else values[inside]))
