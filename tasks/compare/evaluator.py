"""One image against the truth: its gauge, and every metric of the catalogue before and after."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tasks.catalogue.metric import VALUE, Score, Scores
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.catalogue.scoring.frc import FrcCurve
from tasks.catalogue.scoring.image_pair import ImagePair
from tasks.compare.alignment.gauge import Gauge, GaugeFitter, remove_gauge
from tasks.compare.alignment.region import Region
from tasks.compare.reference_object import ReferenceObject
from tasks.core import Complex
from tasks.core.files.scan_record import ScanHeader


@dataclass(frozen=True)
class ModelResult:
    """A reconstruction or a control after the comparison.

    Attributes:
        aligned: Object in the gauge of the truth, shape (H, W).
        gauge: What was removed.
        raw: Scores before that, of the metrics that tell it.
        scores: Scores after that, and what else is known of the model.
        coverage_fraction: Share of the lit region that its window holds.
        curve: Ring correlation with the truth over the rectangle; None where there is none.
        is_scored: Whether it is held against the truth or the reference at all.
        n_held_out_patterns: Patterns that half sets of the scan predicted; None without any.
    """

    aligned: Complex
    gauge: Gauge
    raw: Scores
    scores: Scores
    coverage_fraction: float
    curve: FrcCurve | None
    is_scored: bool = True
    n_held_out_patterns: int | None = None

    @property
    def reasons(self) -> dict[str, str]:
        """Why a value is None, by metric or by `metric.part`."""
        return {
            f"{name}.{part}" if self.is_scored and part != VALUE else name: score.reason
            for (name, part), score in self.scores.items()
            if score.reason
        }

    def value(self, metric: str, part: str = VALUE) -> float | None:
        """Return the value of a metric after alignment; None if there is none."""
        return self.scores.get((metric, part), Score(None)).value

    def with_scores(self, more: Mapping[str, Score]) -> "ModelResult":
        """Return it with metrics that belong to neither amplitude nor phase."""
        found = {(name, VALUE): score for name, score in more.items()}
        return replace(self, scores=self.scores | found)

    def unscored(self, reason: str) -> "ModelResult":
        """Return it with no score at all, each for one reason."""
        return replace(
            self,
            raw=dict.fromkeys(self.raw, Score(None)),
            scores=dict.fromkeys(self.scores, Score(None, reason=reason)),
            curve=None,
            is_scored=False,
        )


class Evaluator:
    """Holds images against one object, the truth or the reference, in one region."""

    def __init__(self, region: Region, reference: ReferenceObject, max_shift_px: float) -> None:
        self.region, self.reference = region, reference
        self._fitter = GaugeFitter(reference.object_, region.weights, max_shift_px=max_shift_px)

    def evaluate(
        self, image: Complex, coverage_fraction: float = 1.0, *, is_aligned: bool = True
    ) -> ModelResult:
        """Score an image in the region's box, shape (H, W), as it is and in the gauge of the truth.

        ValueError if a scored pixel is not finite, or the image cannot be aligned.
        """
        gauge, aligned, pairs = Gauge(), image, self.reference.pairs(image)
        raw = scores_of(pairs, is_raw=True)
        if is_aligned:
            gauge = self._fitter.fit(image)
            aligned = self.aligned(image, gauge)
            pairs = self.reference.pairs(aligned)
        curve = pairs[VALUE].frc.curve
        return ModelResult(aligned, gauge, raw, scores_of(pairs), coverage_fraction, curve)

    def aligned(self, image: Complex, gauge: Gauge) -> Complex:
        """Return an image in the gauge of the truth; dark pixels do not ring into lit ones."""
        lit = self.region.lit
        trusted = lit & np.isfinite(image)
        nearest = self.region.nearest_lit if np.array_equal(trusted, lit) else None
        return remove_gauge(image, gauge, trusted, nearest)

    def refit(self, image: Complex, *near: Gauge) -> Gauge:
        """Fit a gauge that is near one of some others; raises as `GaugeFitter.refit`."""
        return self._fitter.refit(image, *near)

    def evaluate_controls(self, scan: ScanHeader) -> dict[str, ModelResult]:
        """Return the results of the images that are made of the truth, by name."""
        object_, mask = self.reference.object_, self.region.mask
        positions_px = scan.positions_px - self.region.box.corner_px
        results = {}
        for entry in RECONSTRUCTIONS.images:
            image = entry.image(object_, positions_px, scan.probe, mask)
            if image is not None:
                results[entry.name] = self.evaluate(image, is_aligned=entry.is_aligned)
        return results


def scores_of(pairs: Mapping[str, ImagePair], *, is_raw: bool = False) -> Scores:
    """Return what every metric says of an image, by part; of one not aligned, those that tell that.

    ValueError if a metric is NaN.
    """
    return {
        (metric.name, part): metric.score_of(pairs[part], part)
        for metric in METRICS.scored
        if metric.has_raw or not is_raw
        for part in metric.parts
    }
