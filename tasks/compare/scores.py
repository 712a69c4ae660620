"""Every metric of one image, in one gauge, against the truth inside the region."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tasks.catalogue.quality_flags import PARTS
from tasks.catalogue.scoring.image_pair import N_SCALES, complex_nrmse, psnr_of, undefined_reason
from tasks.catalogue.scoring.jackknife import pseudo_product, pseudo_psnr, pseudo_values
from tasks.catalogue.scoring.similarity import TrueScales
from tasks.core.physics.phases import phase_from_minimum, phase_on_branch
from tasks.core.study.ms_ssim_scales import SCALE_WEIGHTS

Complex = NDArray[np.complexfloating]
Real = NDArray[np.floating]


@dataclass(frozen=True)
class Reference:
    """The truth, as every image is held against it.

    Attributes:
        object_: True object, shape (H, W).
        mask: Scored pixels, shape (H, W).
        rectangle: Rows and columns of the largest rectangle inside the mask.
        title: What to call it in pictures.
        amplitude: Modulus of the object.
        angle: Its argument [rad].
        phase: Its argument [rad] on one branch, from its minimum in the mask.
        data_range: Largest minus smallest amplitude and phase in the mask.
        scales: Amplitude and phase in the rectangle, ready for similarities; None where these
            are not defined.
    """

    object_: Complex
    mask: NDArray[np.bool_]
    rectangle: tuple[slice, slice]
    title: str = "Truth"
    amplitude: Real = field(init=False)
    angle: Real = field(init=False)
    phase: Real = field(init=False)
    data_range: dict[str, float] = field(init=False)
    scales: dict[str, TrueScales | None] = field(init=False)

    def __post_init__(self) -> None:
        """Derive amplitude, phase [rad] from its minimum in the mask, and their ranges there."""
        object.__setattr__(self, "angle", np.angle(self.object_))
        phase = phase_from_minimum(self.object_, self.mask)
        object.__setattr__(self, "amplitude", np.abs(self.object_))
        object.__setattr__(self, "phase", phase)
        ranges = {
            "amplitude": float(np.ptp(self.amplitude[self.mask])),
            "phase": float(np.ptp(phase[self.mask])),
        }
        object.__setattr__(self, "data_range", ranges)
        scales = {quantity: self._scales(quantity) for quantity in PARTS}
        object.__setattr__(self, "scales", scales)

    @property
    def rectangle_shape(self) -> tuple[int, int]:
        """Height and width of the rectangle [px]."""
        rows, columns = self.rectangle
        return rows.stop - rows.start, columns.stop - columns.start

    def why_undefined(self, metric: str, quantity: str) -> str | None:
        """Return why a metric has no value for any image; None if it has one."""
        return undefined_reason(metric, self.rectangle_shape, self.data_range[quantity])

    def _scales(self, quantity: str) -> TrueScales | None:
        """Return the truth in the rectangle on as many scales as it has; None if on none."""
        whole = self.amplitude if quantity == "amplitude" else self.phase
        for metric in ("ms_ssim", "ssim"):
            if self.why_undefined(metric, quantity) is None:
                part = whole[self.rectangle]
                return TrueScales(part, self.data_range[quantity], N_SCALES[metric])
        return None

    def phase_of(self, image: Complex) -> Real:
        """Return the phase [rad] of an image on the truth's branch, at most pi away from it."""
        return phase_on_branch(image, self.angle, self.phase)


@dataclass(frozen=True)
class Scores:
    """Metrics of one image.

    Attributes:
        pairs: Amplitude and phase of every metric that has both; None where it is not defined.
        complex_nrmse: Relative complex error; None where it is not asked for.
        reasons: Why a value is None, by `metric.quantity`.
        blocks: Pseudo-values of the 3 x 3 blocks, amplitude and phase, by metric; None where
            the metric has no value, or no derivative.
    """

    pairs: dict[str, tuple[float | None, float | None]]
    complex_nrmse: float | None
    reasons: dict[str, str]
    blocks: dict[str, tuple[Real | None, Real | None]]


@dataclass(frozen=True)
class Metric:
    """Value and pseudo-values of a metric of an amplitude or a phase."""

    value: float | None
    blocks: Real | None


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
    # First, since it refuses what is not finite.
    relative_error = complex_nrmse(image, reference.object_, reference.mask)
    parts = {
        "amplitude": _score_part(np.abs(image), "amplitude", reference),
        "phase": _score_part(reference.phase_of(image), "phase", reference),
    }
    pairs, reasons, blocks = {}, {}, {}
    for metric in parts["amplitude"]:
        found = []
        for quantity in PARTS:
            part = parts[quantity][metric]
            reason = _why_missing(metric, quantity, part.value, reference)
            if reason:
                reasons[f"{metric}.{quantity}"] = reason
            found.append(Metric(None, None) if reason else part)
        pairs[metric] = (found[0].value, found[1].value)
        blocks[metric] = (found[0].blocks, found[1].blocks)
    return Scores(pairs, relative_error, reasons, blocks)


def _score_part(image: Real, quantity: str, reference: Reference) -> dict[str, Metric]:
    """Return the metrics of an amplitude, or of a phase on the truth's branch."""
    truth = reference.amplitude if quantity == "amplitude" else reference.phase
    errors = np.abs(image - truth)
    absolute, squared = (pseudo_values(part, reference.mask) for part in (errors, errors**2))
    mse = float(squared.mean())
    psnr = psnr_of(mse, reference.data_range[quantity])
    found = {
        "mae": Metric(float(absolute.mean()), absolute),
        "mse": Metric(mse, squared),
        "psnr": Metric(psnr, pseudo_psnr(psnr, squared) if psnr is not None and mse > 0 else None),
    }
    return found | _similarities(image[reference.rectangle], reference.scales[quantity])


def _similarities(image: Real, scales: TrueScales | None) -> dict[str, Metric]:
    """Return SSIM and MS-SSIM of what lies in the rectangle, as far as they are defined."""
    found = {"ssim": Metric(None, None), "ms_ssim": Metric(None, None)}
    if scales is None:
        return found
    maps = scales.maps(image)
    found["ssim"] = Metric(maps.ssim, pseudo_values(maps.similarity))
    if len(maps.factors) == len(SCALE_WEIGHTS):
        value, factors = maps.ms_ssim, [pseudo_values(part) for part in maps.factors]
        found["ms_ssim"] = Metric(value, pseudo_product(value, factors, SCALE_WEIGHTS))
    return found


def _why_missing(
    metric: str, quantity: str, value: float | None, reference: Reference
) -> str | None:
    """Return why a metric has no finite value, or None if it has one; NaN raises."""
    if value is None:
        return reference.why_undefined(metric, quantity)
    if math.isnan(value):
        raise ValueError(f"{metric} of the {quantity} is NaN. Make the reconstruction again.")
    if math.isinf(value):
        return f"{metric} is infinite: the image equals the truth"
    return None
