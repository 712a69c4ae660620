"""An image and the truth, as a metric is given them, and what several metrics make of the two."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.core import Mask
from tasks.core.files.metrics_table import MS_SSIM_MIN_PX, SCALE_WEIGHTS, WINDOW_PX

if TYPE_CHECKING:
    from tasks.catalogue.scoring.frc import FrcSummary
    from tasks.catalogue.scoring.similarity import SimilarityMaps, TrueScales

Image = NDArray[Any]
# By the number of scales that a similarity looks at.
LEAST_SIDE_PX = {1: WINDOW_PX, len(SCALE_WEIGHTS): MS_SSIM_MIN_PX}
WHOLE = (slice(None), slice(None))


@dataclass(frozen=True)
class TrueImage:
    """The amplitude, the phase or the complex values of the truth, for any number of images.

    Attributes:
        values: The image, shape (H, W).
        data_range: Largest minus smallest value inside the mask; None for complex values. Never
            that of a reconstruction, never 2 pi, never 255.
        mask: Scored pixels, shape (H, W); all if None. Others may hold anything.
        rectangle: Rows and columns of the largest rectangle inside the mask: similarities and ring
            correlations look at nothing else.
    """

    values: Image
    data_range: float | None = None
    mask: Mask | None = None
    rectangle: tuple[slice, slice] = WHOLE

    @cached_property
    def inside(self) -> Mask | None:
        """Pixels of the rectangle inside the mask; None if all are."""
        inside = None if self.mask is None else self.mask[self.rectangle]
        return None if inside is None or inside.all() else inside

    def cut(self, values: Image) -> Image:
        """Return the rectangle of an image, zero outside the mask."""
        part = values[self.rectangle]
        return part if self.inside is None else np.where(self.inside, part, 0)

    @cached_property
    def scales(self) -> "TrueScales | None":
        """The rectangle on as many scales as it has, ready for similarities; None if on none."""
        from tasks.catalogue.scoring.similarity import TrueScales

        for n_scales in sorted(LEAST_SIDE_PX, reverse=True):
            if self.undefined_reason("similarity", n_scales) is None:
                return TrueScales(self.cut(self.values), self.known_range, n_scales, self.inside)
        return None

    @property
    def known_range(self) -> float:
        """The range of the values; raises ValueError if it is not known, negative or not finite."""
        if self.data_range is None or not (np.isfinite(self.data_range) and self.data_range >= 0):
            raise ValueError(
                f"data_range must be finite and not negative, got {self.data_range}. Give the "
                f"largest minus the smallest value of the truth."
            )
        return self.data_range

    def undefined_reason(self, metric: str, n_scales: int = 0) -> str | None:
        """Return why a metric that needs contrast has no value; None if it has one.

        It looks at 1 scale for SSIM, 5 for MS-SSIM, 0 for others. Raises as `known_range`.
        """
        if self.known_range == 0:
            return f"{metric} is not defined: the truth has no contrast (data_range 0)"
        if not n_scales:
            return None
        height, width = self.values[self.rectangle].shape
        least = LEAST_SIDE_PX[n_scales]
        if min(height, width) < least:
            return (
                f"{metric} is not defined: {height} x {width} px, it needs {least} px on each side"
            )
        if self.inside is None:
            return None
        from tasks.catalogue.scoring.similarity import scales_of_mask

        for scale, windows in enumerate(scales_of_mask(self.inside, n_scales), start=1):
            if not windows.any():
                return (
                    f"{metric} is not defined: no window of {WINDOW_PX} x {WINDOW_PX} px lies "
                    f"wholly inside the mask on scale {scale} of {n_scales}"
                )
        return None


@dataclass(frozen=True)
class ImagePair:
    """An image beside the truth; what several metrics share is made once, when it is asked for.

    Attributes:
        image: Amplitude, phase [rad] on the truth's branch, or complex values, shape (H, W).
        truth: The same of the truth.

    Raises:
        ValueError: If shapes differ or are not 2-D, the mask is empty or not boolean, or a pixel
            to score is not finite.
    """

    image: Image
    truth: TrueImage

    def __post_init__(self) -> None:
        """Check the pixels that are scored."""
        image, truth, mask = self.image, self.truth.values, self.truth.mask
        if mask is not None and mask.dtype != np.bool_:
            raise ValueError(
                f"A mask holds True and False, got {mask.dtype}. Compare it with a threshold first."
            )
        shapes = {image.shape, truth.shape} | (set() if mask is None else {mask.shape})
        if image.ndim != 2 or len(shapes) > 1:
            raise ValueError(
                f"Image, truth and mask must share one 2-D shape: got {image.shape}, "
                f"{truth.shape} and {None if mask is None else mask.shape}. Cut them to one window "
                f"of the object's frame."
            )
        for name, values in zip(("image", "truth"), self.pixels, strict=True):
            if values.size == 0:
                raise ValueError(
                    "There is no pixel to score: the mask is empty. Check the scan's extent."
                )
            lost = int(np.count_nonzero(~np.isfinite(values)))
            if lost:
                raise ValueError(
                    f"{lost} of {values.size} scored pixels of the {name} are not finite. Make the "
                    f"reconstruction again, or leave these pixels out of the mask."
                )

    @property
    def pixels(self) -> tuple[Image, Image]:
        """Scored pixels of image and truth."""
        mask = ... if self.truth.mask is None else self.truth.mask
        return self.image[mask], self.truth.values[mask]

    @cached_property
    def errors(self) -> NDArray[np.floating]:
        """Absolute errors, shape (H, W)."""
        return np.asarray(np.abs(self.image - self.truth.values))

    @cached_property
    def similarity(self) -> "SimilarityMaps | None":
        """Similarity of the rectangle on as many scales as it has; None if on none."""
        scales = self.truth.scales
        return None if scales is None else scales.maps(self.truth.cut(self.image))

    @cached_property
    def frc(self) -> "FrcSummary":
        """Ring correlation of the rectangle."""
        from tasks.catalogue.scoring.frc import frc_summary

        rectangle = self.truth.rectangle
        return frc_summary(self.image[rectangle], self.truth.values[rectangle], self.truth.inside)
