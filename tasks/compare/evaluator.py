"""One image against the truth: its gauge, its scores before and after, and its ring correlation."""

from dataclasses import dataclass, field, replace

import numpy as np

from tasks.catalogue.quality_flags import FLAT
from tasks.catalogue.scoring.frc import FrcCurve
from tasks.catalogue.scoring.frc_summary import ring_scores
from tasks.compare.alignment.gauge import Gauge, GaugeFitter, remove_gauge
from tasks.compare.alignment.region import Region
from tasks.compare.controls import CONTROLS
from tasks.compare.scores import Complex, Reference, Scores, score
from tasks.core.files.scan_file import ScanHeader

CROSSING, AREA = "frc_half_crossing_per_px", "frc_area"


@dataclass(frozen=True)
class ModelResult:
    """An arm or a control after the comparison.

    Attributes:
        aligned: Object in the gauge of the truth, shape (H, W).
        gauge: What was removed.
        raw: Scores before that.
        gauged: Scores after that.
        coverage_fraction: Share of the lit region that its window holds.
        curve: Ring correlation with the truth over the rectangle; None where there is none.
        scalars: Metrics that belong to neither amplitude nor phase; None where not defined.
        reasons: Why a value is None, by metric, or by `metric.quantity`.
        n_held_out_patterns: Patterns that halves of the scan predicted; None without halves.
    """

    aligned: Complex
    gauge: Gauge
    raw: Scores
    gauged: Scores
    coverage_fraction: float
    curve: FrcCurve | None = None
    scalars: dict[str, float | None] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    n_held_out_patterns: int | None = None


class Judge:
    """Holds images against one truth, in one region.

    Attributes:
        region: What is scored.
        reference: The truth there.
    """

    def __init__(self, region: Region, reference: Reference, max_shift_px: float) -> None:
        self.region, self.reference = region, reference
        self._fitter = GaugeFitter(reference.object_, region.weights, max_shift_px=max_shift_px)

    def judge(self, image: Complex, coverage_fraction: float = 1.0) -> ModelResult:
        """Score an image as it is, and in the gauge of the truth.

        Args:
            image: Image in the region's box, shape (H, W).
            coverage_fraction: Share of the region that its window held.

        Returns:
            What was found.

        Raises:
            ValueError: If a scored pixel is not finite, or the image cannot be aligned.
        """
        raw = score(image, self.reference)
        gauge = self._fitter.fit(image)
        aligned = self.aligned(image, gauge)
        scores = score(aligned, self.reference)
        return self._with_rings(ModelResult(aligned, gauge, raw, scores, coverage_fraction))

    def judge_as_it_is(self, image: Complex) -> ModelResult:
        """Score an image that is in the gauge of the truth by its making."""
        raw = score(image, self.reference)
        return self._with_rings(ModelResult(image, Gauge(), raw, raw, 1.0))

    def aligned(self, image: Complex, gauge: Gauge) -> Complex:
        """Return an image in the gauge of the truth; dark pixels do not ring into lit ones."""
        lit = self.region.lit
        trusted = lit & np.isfinite(image)
        nearest = self.region.nearest_lit if np.array_equal(trusted, lit) else None
        return remove_gauge(image, gauge, trusted, nearest)

    def refit(self, image: Complex, *near: Gauge) -> Gauge:
        """Fit a gauge that is near one of some others; raises as `GaugeFitter.refit`."""
        return self._fitter.refit(image, *near)

    def judge_controls(self, scan: ScanHeader) -> dict[str, ModelResult]:
        """Return the controls' scores.

        No gauge is fitted to the flat image: it has the truth's mean amplitude and phase, and no
        fit makes it harder to beat.
        """
        results = {}
        positions_px = scan.positions_px - self.region.box.corner_px
        for name, control in CONTROLS.items():
            image = control(self.reference.object_, positions_px, scan.probe, self.region.mask)
            judge = self.judge_as_it_is if name == FLAT else self.judge
            results[name] = judge(image)
        return results

    def _with_rings(self, result: ModelResult) -> ModelResult:
        """Add the ring correlation over the rectangle, or why there is none."""
        rectangle = self.reference.rectangle
        rings = ring_scores(result.aligned[rectangle], self.reference.object_[rectangle])
        scalars, missing = rings.named(CROSSING, AREA)
        reasons = result.gauged.reasons | missing
        return replace(result, curve=rings.curve, scalars=scalars, reasons=reasons)
