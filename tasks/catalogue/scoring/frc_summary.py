"""What a ring correlation comes to: where it crosses one half, and its mean, or why neither."""

from dataclasses import dataclass

import numpy as np

from tasks.catalogue.scoring.frc import (
    FEWEST_VALUES,
    MIN_SIDE_PX,
    FrcCurve,
    Image,
    Mask,
    area,
    frc_curve,
    frc_undefined_reason,
    half_crossing_per_px,
)
from tasks.core.geometry.bounding_box import bounding_box

NOT_CROSSED = "not crossed: above 0.5 up to Nyquist"
TOO_FEW_VALUES = "every ring holds too few values"


@dataclass(frozen=True)
class RingScores:
    """Ring correlation of two images.

    Attributes:
        curve: The curve; None where it is not defined.
        half_crossing_per_px: Where it falls below one half [1 / px]; None where it does not.
        area: Its mean from 0 to 0.5 / px; None without a curve.
        crossing_reason: Why there is no crossing; None where there is one.
        area_reason: Why there is no mean; None where there is one.
    """

    curve: FrcCurve | None
    half_crossing_per_px: float | None
    area: float | None
    crossing_reason: str | None
    area_reason: str | None

    def named(self, crossing: str, mean: str) -> tuple[dict[str, float | None], dict[str, str]]:
        """Return values and reasons under the names of two metrics."""
        values = {crossing: self.half_crossing_per_px, mean: self.area}
        reasons = {crossing: self.crossing_reason, mean: self.area_reason}
        return values, {name: reason for name, reason in reasons.items() if reason}


def ring_scores(image: Image, truth: Image, mask: Mask | None = None) -> RingScores:
    """Return the ring correlation of two images and what it comes to.

    Args:
        image: Image to judge, shape (H, W).
        truth: Image to hold it against, shape (H, W).
        mask: Pixels to use, shape (H, W); all if None.

    Raises:
        ValueError: If shapes differ, or a pixel to use is not finite.
    """
    small = size_reason(np.ones(truth.shape, dtype=np.bool_) if mask is None else mask)
    if small:
        return RingScores(None, None, None, small, small)
    undefined = frc_undefined_reason(image, truth, mask)
    if undefined:
        return RingScores(None, None, None, undefined, undefined)
    curve = frc_curve(image, truth, mask)
    crossing = half_crossing_per_px(curve)
    is_known = bool(np.any(curve.n_values >= FEWEST_VALUES))
    reason = NOT_CROSSED if is_known else TOO_FEW_VALUES
    return RingScores(curve, crossing, area(curve), reason if crossing is None else None, None)


def size_reason(mask: Mask) -> str | None:
    """Return why the pixels of a mask are too few for rings; None if they are not."""
    height, width = (lines.stop - lines.start for lines in bounding_box(mask))
    if min(height, width) >= MIN_SIDE_PX:
        return None
    return f"frc is not defined: {height} x {width} px, it needs {MIN_SIDE_PX} px a side"
