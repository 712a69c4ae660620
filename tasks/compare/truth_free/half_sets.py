"""What two half sets of a scan predict of each other and share: metrics that need no truth.

Each half of the exposures makes a reconstruction of its own. Noise differs between the halves and
lowers their correlation; an error that both make, as a network's habit, does not, but it
shows in the patterns that neither half was made from.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tasks.catalogue.metric import TRUTH_FREE, Score
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.metrics.truth_free import (
    AREA,
    DEVIANCE,
    HALF_CROSSING,
    R_FACTOR,
    SEVENTH_CROSSING,
)
from tasks.catalogue.scoring.frc import FrcSummary, frc_summary, half_crossing_per_px, size_reason
from tasks.compare.alignment.gauge import Gauge, fit_gauge, remove_gauge
from tasks.compare.alignment.region import ComparisonParams, Region, scored_region
from tasks.compare.evaluator import ModelResult
from tasks.compare.truth_free.held_out import held_out_misfit, patterns_to_predict
from tasks.core.files.object_file import ObjectWindow, read_object
from tasks.core.files.scan_reader import ScanReader, open_view
from tasks.core.files.scan_record import ScanHeader
from tasks.core.geometry.overlap import measure_overlap
from tasks.core.geometry.patches import bounding_box
from tasks.core.physics.probe import energy_diameter_px
from tasks.core.study.hub_layout import HALVES
from tasks.core.study.stage_record import StageFiles

# Of half sets; there the image of all patterns correlates by one half with a noise-free one.
SEVENTH = 1 / 7
SEVENTH_NOT_CROSSED = "not crossed: above 1 / 7 up to Nyquist"


@dataclass(frozen=True)
class HalfSet:
    """One half of the exposures, and the object that a model made of it."""

    scan: ScanReader
    window: ObjectWindow


def with_half_sets(
    model: str, result: ModelResult, files: StageFiles, params: ComparisonParams
) -> ModelResult:
    """Return a result with what two half sets tell of its model, if there are any.

    Their files are the inputs `view.odd` and `view.even`, and `<model>.odd` and `<model>.even`.

    Raises:
        ValueError: If one of the halves is missing, or as `half_set_scores`.
    """
    if not any(f"{model}.{half}" in files.inputs for half in HALVES):
        return result
    scores, n_patterns = half_set_scores(*read_half_sets(model, files), params)
    return replace(result.with_scores(scores), n_held_out_patterns=n_patterns)


def read_half_sets(model: str, files: StageFiles) -> tuple[HalfSet, HalfSet]:
    """Return both halves of a model, the odd one first; ValueError if one is missing."""
    needed = [f"{name}.{half}" for name in ("view", model) for half in HALVES]
    missing = [name for name in needed if name not in files.inputs]
    if missing:
        raise ValueError(
            f"Half sets are compared together: {', '.join(missing)} is missing. Give both halves "
            f"of the view and of the reconstruction, or none."
        )
    odd, even = (
        HalfSet(
            open_view(files.inputs["scan"], files.inputs[f"view.{half}"]),
            read_object(files.inputs[f"{model}.{half}"]),
        )
        for half in HALVES
    )
    return odd, even


def half_set_scores(
    odd: HalfSet, even: HalfSet, params: ComparisonParams
) -> tuple[dict[str, Score], int]:
    """Return what two half sets say of a model.

    Held-out patterns are those of the other half: the means of odd against even and even against
    odd. The correlation is that of one half with the other, after the gauge.

    Returns:
        The truth-free metrics by name, None with a reason where a half does not overlap, or its
        region is too small; and how many held-out patterns were predicted, of both halves together.

    Raises:
        ValueError: If a reconstruction is not finite or zero, or a scan has no photons.
    """
    reason = overlap_reason(odd.scan.header, even.scan.header)
    if reason:
        names = [metric.name for metric in METRICS.of_family(TRUTH_FREE)]
        return dict.fromkeys(names, Score(None, reason=reason)), 0
    region = common_region(odd.scan.header, even.scan.header, params)
    found, n_patterns = held_out_scores(odd, even, region, params.held_out_light_fraction)
    rings = frc_of_half_sets(odd.window, even.window, region, params.max_shift_px)
    return found | _correlation(rings), n_patterns


def overlap_reason(*halves: ScanHeader) -> str | None:
    """Return why halves are no use: the smallest overlap is not positive; None if it is."""
    overlap = min(
        measure_overlap(half.positions_px, energy_diameter_px(half.probe)).overlap_ratio
        for half in halves
    )
    if overlap > 0:
        return None
    return (
        f"the halves do not overlap (overlap_ratio {overlap:.3f}), so neither determines the object"
    )


def common_region(odd: ScanHeader, even: ScanHeader, params: ComparisonParams) -> Region:
    """Return what both halves light well enough, in the box of the odd half.

    Its illumination is that of the half that lights a pixel less [photons / px].

    Raises:
        ValueError: If a half lights no pixel well enough.
    """
    one, other = (
        scored_region(half, params.coverage_fraction, params.erosion_px) for half in (odd, even)
    )

    def moved(values: NDArray[np.generic]) -> NDArray[np.float64]:
        window = ObjectWindow(values.astype(np.complex128), other.box.corner_px)
        return np.nan_to_num(window.cut(one.box).real)

    return replace(
        one,
        illumination=np.minimum(one.illumination, moved(other.illumination)),
        lit=one.lit & (moved(other.lit) > 0),
        mask=one.mask & (moved(other.mask) > 0),
    )


def frc_of_half_sets(
    odd: ObjectWindow, even: ObjectWindow, region: Region, max_shift_px: float
) -> FrcSummary:
    """Return the ring correlation of two half sets, the even one in the gauge of the odd one.

    The region is that of `common_region`.

    Raises:
        ValueError: If a reconstruction is zero.
    """
    parts = [half.cut(region.box) for half in (odd, even)]
    known = np.isfinite(parts[0]) & np.isfinite(parts[1])
    trusted, mask = region.lit & known, region.mask & known
    small = size_reason(mask[bounding_box(mask)].shape)
    if small:
        return FrcSummary(None, None, small)
    # What is not trusted is replaced by what lies next to it, so that no edge is aligned.
    reference = remove_gauge(parts[0], Gauge(), trusted)
    weights = np.where(mask, region.illumination, 0.0)
    gauge = fit_gauge(parts[1], reference, weights, max_shift_px=max_shift_px)
    return frc_summary(remove_gauge(parts[1], gauge, trusted), reference, mask)


def held_out_scores(
    odd: HalfSet, even: HalfSet, region: Region, light_fraction: float
) -> tuple[dict[str, Score], int]:
    """Return the misfits of both halves to each other's patterns, and the number of these."""
    misfits = []
    for half, other in ((odd, even), (even, odd)):
        header = other.scan.header
        window, chosen = patterns_to_predict(half.window, header, region, light_fraction)
        if not len(chosen):
            least = "wholly" if light_fraction >= 1 else f"with {light_fraction:.0%} of its light"
            reason = f"no held-out patch of {header.n_px} px lies {least} in what the halves light"
            return dict.fromkeys((DEVIANCE.name, R_FACTOR.name), Score(None, reason=reason)), 0
        misfits.append(held_out_misfit(other.scan, window, chosen))
    deviance = float(np.mean([misfit.deviance_per_px for misfit in misfits]))
    r_factor = float(np.mean([misfit.r_factor for misfit in misfits]))
    scores = {DEVIANCE.name: Score(deviance), R_FACTOR.name: Score(r_factor)}
    return scores, sum(misfit.n_patterns for misfit in misfits)


def _correlation(rings: FrcSummary) -> dict[str, Score]:
    """Return crossings and area of the half sets' correlation."""
    curve = rings.curve
    seventh = None if curve is None else half_crossing_per_px(curve, SEVENTH)
    why_no_seventh = rings.reason if curve is None else SEVENTH_NOT_CROSSED
    return {
        HALF_CROSSING.name: Score(rings.half_crossing_per_px, reason=rings.reason),
        AREA.name: Score(rings.area, reason=rings.reason if curve is None else None),
        SEVENTH_CROSSING.name: Score(seventh, reason=why_no_seventh if seventh is None else None),
    }
