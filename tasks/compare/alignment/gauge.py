"""The gauge: what ptychography cannot know of an object, fitted and removed for every arm alike.

Patterns do not change when the object is multiplied by a complex factor and a linear phase ramp, or
shifted together with the positions. With g(T)(r) = c exp(i k.(r - r0)) T(r - s), r0 = [H // 2,
W // 2], a reconstruction is fitted as R = g(T) and the gauge is undone on R. The other way round,
T = g(R), the noise of R would shrink it; and derivatives for the shift are the truth's for the same
reason.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from tasks.compare.alignment.alignment import (
    TOLERANCE_PX,
    coarse_ramp,
    coarse_shift,
    detail_correlation,
    fit_all,
    fit_factor_and_ramp,
)
from tasks.compare.alignment.alignment_frame import (
    Alignment,
    AlignmentFrame,
    AlignmentProblem,
    mirrored_shift,
    phase_ramp,
)
from tasks.core import Complex, Mask, Real

Nearest = tuple[NDArray[np.intp], NDArray[np.intp]]

LEAST_DETAIL_CORRELATION = 0.2
NEAR_TOLERANCE_PX = 1e-4


@dataclass(frozen=True)
class Gauge:
    """What separates a reconstruction from the truth without being an error.

    Attributes:
        factor: Complex factor c.
        ramp_rad_per_px: Phase ramp k along (y, x) [rad / px], zero at [H // 2, W // 2].
        shift_px: Shift s along (y, x) [px]; positive moves the truth to larger indices.
        detail_correlation: Correlation of the reconstruction with the truth, both without their
            mean and slope, in [0, 1].
        shift_is_determined: Whether that correlation sufficed to fit a shift; if not it is zero.
        at_bound: Whether the fit wanted a longer shift than it was allowed.
    """

    factor: complex = 1.0
    ramp_rad_per_px: tuple[float, float] = (0.0, 0.0)
    shift_px: tuple[float, float] = (0.0, 0.0)
    detail_correlation: float = 0.0
    shift_is_determined: bool = False
    at_bound: bool = False


def apply_gauge(object_: Complex, gauge: Gauge) -> Complex:
    """Return g(T), shape (H, W): shift an object, then multiply it by the ramp and the factor."""
    shifted = mirrored_shift(object_, gauge.shift_px)
    return gauge.factor * phase_ramp(object_.shape, gauge.ramp_rad_per_px) * shifted


def nearest_trusted(trusted: Mask) -> Nearest:
    """Return row and column of the trusted pixel that is nearest to every pixel."""
    nearest = distance_transform_edt(~trusted, return_distances=False, return_indices=True)
    return nearest[0], nearest[1]


def remove_gauge(
    reconstruction: Complex,
    gauge: Gauge,
    trusted: Mask | None = None,
    nearest: Nearest | None = None,
) -> Complex:
    """Return the reconstruction in the gauge of the truth, (H, W): the inverse of `apply_gauge`.

    The sub-pixel shift is exact for every frequency, so it does not smooth noise away. What lies
    outside the trusted pixels, (H, W), could ring into them: it is replaced by the nearest trusted
    pixel, which `nearest_trusted` may have told already.
    """
    object_ = reconstruction * phase_ramp(
        reconstruction.shape, (-gauge.ramp_rad_per_px[0], -gauge.ramp_rad_per_px[1])
    )
    if trusted is not None:
        object_ = object_[nearest or nearest_trusted(trusted)]
    return mirrored_shift(object_, (-gauge.shift_px[0], -gauge.shift_px[1])) / gauge.factor


class GaugeFitter:
    """Fits R = g(T) by weighted complex least squares (Gauss-Newton), for one truth and many R."""

    def __init__(
        self, truth: Complex, weights: Real | Mask | None = None, *, max_shift_px: float = 2.0
    ) -> None:
        """Prepare what all reconstructions share.

        Args:
            truth: True object T, finite, shape (H, W).
            weights: Weight of every pixel, or a mask; all pixels alike if None. Pixels without
                weight may hold anything. Keep some px of zero weight at the edges, where a shift
                wraps.
            max_shift_px: Longest shift [px].

        Raises:
            ValueError: If shapes differ, no pixel has weight, or the truth is not finite.
        """
        given = np.ones(truth.shape) if weights is None else np.asarray(weights, dtype=np.float64)
        _check_shapes(truth.shape, truth, given)
        if not (np.all(np.isfinite(given)) and given.min() >= 0 and given.max() > 0):
            raise ValueError(
                "Weights must be finite, not negative, and positive somewhere. Check the scan's "
                "illumination."
            )
        if not np.all(np.isfinite(truth)):
            raise ValueError(
                "The truth must be finite everywhere. Fill what lies outside the region."
            )
        self._truth, self._weights = truth, given
        self._frame = AlignmentFrame.of(truth, given)
        self.max_shift_px = max_shift_px

    def fit(self, reconstruction: Complex, tolerance_px: float = TOLERANCE_PX) -> Gauge:
        """Fit the gauge of any reconstruction R in the frame of the truth, shape (H, W).

        It starts from the peak of the spectrum of R conj(T), which finds any ramp, and from the
        whole shift that correlates best. A shift is fitted only where the reconstruction shows
        detail of the truth; a flat image has none, and its shift stays zero. The fit ends where it
        moves by less than the tolerance.

        Raises:
            ValueError: If shapes differ, a weighted pixel is not finite, or R is zero.
        """
        return self._search(self._problem(reconstruction), tolerance_px)

    def refit(self, reconstruction: Complex, *near: Gauge) -> Gauge:
        """Fit a gauge near the best of some others, without searching for it, to 1e-4 px.

        What shows no detail of the truth near any of them is searched for all the same; raises as
        `fit`.
        """
        problem = self._problem(reconstruction)
        starts = [
            Alignment(gauge.factor, np.array(gauge.ramp_rad_per_px), np.array(gauge.shift_px))
            for gauge in dict.fromkeys(near)
        ]
        best = max(starts, key=problem.overlap)
        if detail_correlation(problem, best) < LEAST_DETAIL_CORRELATION:
            return self._search(problem)
        return self._refine(problem, best, NEAR_TOLERANCE_PX)

    def _problem(self, reconstruction: Complex) -> AlignmentProblem:
        """Check a reconstruction, and collect its pixels; raises as `fit` says."""
        _check_shapes(reconstruction.shape, self._truth, self._weights)
        problem = AlignmentProblem.of(self._frame, reconstruction)
        lost = int(np.count_nonzero(~np.isfinite(problem.reconstruction)))
        if lost:
            raise ValueError(
                f"{lost} weighted pixels of the reconstruction are not finite. Make it again, or "
                f"give them no weight."
            )
        return problem

    def _search(self, problem: AlignmentProblem, tolerance_px: float = TOLERANCE_PX) -> Gauge:
        """Return the best gauge of all."""
        start = Alignment(1.0, coarse_ramp(problem), np.zeros(2))
        start = fit_factor_and_ramp(problem, start)
        shift = coarse_shift(problem, start.ramp, self.max_shift_px)
        return self._refine(problem, replace(start, shift=shift), tolerance_px)

    def _refine(
        self, problem: AlignmentProblem, start: Alignment, tolerance_px: float = TOLERANCE_PX
    ) -> Gauge:
        """Return the best gauge near a start."""
        determined = detail_correlation(problem, start) >= LEAST_DETAIL_CORRELATION
        if determined:
            best, at_bound = fit_all(problem, start, self.max_shift_px, tolerance_px)
        else:
            best, at_bound = fit_factor_and_ramp(problem, replace(start, shift=np.zeros(2))), False
        if best.factor == 0:
            raise ValueError(
                "The reconstruction has nothing in common with the truth (the best factor is 0), "
                "so it cannot be aligned. It may be zero everywhere: make it again."
            )
        return Gauge(
            factor=complex(best.factor),
            ramp_rad_per_px=(float(best.ramp[0]), float(best.ramp[1])),
            shift_px=(float(best.shift[0]), float(best.shift[1])),
            detail_correlation=detail_correlation(problem, best),
            shift_is_determined=determined,
            at_bound=at_bound,
        )


def fit_gauge(
    reconstruction: Complex,
    truth: Complex,
    weights: Real | Mask | None = None,
    *,
    max_shift_px: float = 2.0,
) -> Gauge:
    """Fit the gauge of one reconstruction; arguments and errors as of `GaugeFitter`."""
    return GaugeFitter(truth, weights, max_shift_px=max_shift_px).fit(reconstruction)


def _check_shapes(shape: tuple[int, ...], truth: Complex, weights: Real) -> None:
    """Refuse arrays that do not share one window."""
    if len(shape) != 2 or not shape == truth.shape == weights.shape:
        raise ValueError(
            f"Reconstruction, truth and weights must share one 2-D shape: got {shape}, "
            f"{truth.shape} and {weights.shape}. Cut them to one window of the object's frame."
        )
