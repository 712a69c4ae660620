"""Every metric of one image, in one gauge, against the truth inside the region."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasks.compare.metrics import (
    complex_nrmse,
    mae,
    ms_ssim,
    mse,
    psnr,
    ssim,
    undefined_reason,
    wrapped_mae,
)
from tasks.core.phases import phase_from_minimum, phase_on_branch

Complex = NDArray[np.complexfloating]
Real = NDArray[np.floating]
QUANTITIES = ("amplitude", "phase")


@dataclass(frozen=True)
class Reference:
    """The truth, as every image is held against it.

    Attributes:
        object_: True object, shape (H, W).
        mask: Scored pixels, shape (H, W).
        rectangle: Rows and columns of the largest rectangle inside the mask.
    """

    object_: Complex
    mask: NDArray[np.bool_]
    rectangle: tuple[slice, slice]
    amplitude: Real = field(init=False)
    phase: Real = field(init=False)
    data_range: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        """Derive amplitude, phase [rad] from its minimum in the mask, and their ranges there."""
        phase = phase_from_minimum(self.object_, self.mask)
        object.__setattr__(self, "amplitude", np.abs(self.object_))
        object.__setattr__(self, "phase", phase)
        ranges = {
            "amplitude": float(np.ptp(self.amplitude[self.mask])),
            "phase": float(np.ptp(phase[self.mask])),
        }
        object.__setattr__(self, "data_range", ranges)

    def phase_of(self, image: Complex) -> Real:
        """Return the phase [rad] of an image on the truth's branch, at most pi away from it."""
        return phase_on_branch(image, self.object_, self.phase)


@dataclass(frozen=True)
class Scores:
    """Metrics of one image.

    Attributes:
        pairs: Amplitude and phase of every metric that has both; None where it is not defined.
        complex_nrmse: Relative complex error.
        reasons: Why a value is None, by `metric.quantity`.
    """

    pairs: dict[str, tuple[float | None, float | None]]
    complex_nrmse: float
    reasons: dict[str, str]


def score(image: Complex, reference: Reference) -> Scores:
    """Return every metric of an image.

    Errors are taken over the mask, similarities over the rectangle; the error of the phase is
    wrapped in all of them.

    Args:
        image: Image in the frame of the reference, finite inside the mask, shape (H, W).
        reference: The truth.

    Returns:
        Its scores.

    Raises:
        ValueError: If a scored pixel is not finite, or a metric is NaN.
    """
    amplitude = _score_part(np.abs(image), reference.amplitude, "amplitude", reference)
    phase = _score_part(reference.phase_of(image), reference.phase, "phase", reference)
    phase["mae"] = wrapped_mae(np.angle(image), np.angle(reference.object_), reference.mask)
    pairs, reasons = {}, {}
    for metric in amplitude:
        values = []
        for quantity, part in zip(QUANTITIES, (amplitude, phase), strict=True):
            value = part[metric]
            reason = _why_missing(metric, quantity, value, reference)
            if reason:
                reasons[f"{metric}.{quantity}"] = reason
            values.append(None if reason else value)
        pairs[metric] = (values[0], values[1])
    return Scores(pairs, complex_nrmse(image, reference.object_, reference.mask), reasons)


def _score_part(
    image: Real, truth: Real, quantity: str, reference: Reference
) -> dict[str, float | None]:
    """Return the metrics of an amplitude or a phase."""
    data_range, mask = reference.data_range[quantity], reference.mask
    part, true_part = image[reference.rectangle], truth[reference.rectangle]
    return {
        "mae": mae(image, truth, mask),
        "mse": mse(image, truth, mask),
        "psnr": psnr(image, truth, data_range=data_range, mask=mask),
        "ssim": ssim(part, true_part, data_range=data_range),
        "ms_ssim": ms_ssim(part, true_part, data_range=data_range),
    }


def _why_missing(
    metric: str, quantity: str, value: float | None, reference: Reference
) -> str | None:
    """Return why a metric has no finite value, or None if it has one; NaN raises."""
    if value is None:
        rows, columns = reference.rectangle
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        return undefined_reason(metric, shape, reference.data_range[quantity])
    if math.isnan(value):
        raise ValueError(f"{metric} of the {quantity} is NaN. Make the reconstruction again.")
    if math.isinf(value):
        return f"{metric} is infinite: the image equals the truth"
    return None
