"""PtychoPINN minus the other arms: the numbers that a study is run for, and how well known."""

from collections.abc import Mapping
from typing import Any

from tasks.core.study.arms import Arm
from tasks.core.study.quality_flags import HIGHER_IS_BETTER, PARTS
from tasks.report.records.comparisons import ComparisonKey
from tasks.report.records.measured_against import KEY, TRUTH
from tasks.report.records.summary import ALL_SPLITS, SCHEMA_VERSION
from tasks.report.statistics.conditions import deltas_by_condition
from tasks.report.statistics.flags import RIVALS
from tasks.report.statistics.intervals import DeltaEstimate, estimate_delta
from tasks.report.statistics.paired_scores import VALUE, BlockValues, DeltaKey, PairedScores
from tasks.report.statistics.t_intervals import CONFIDENCE, holm, verdict

METRICS = {"ms_ssim": "MS-SSIM", "mae": "MAE"}
SECONDARY = {
    "ssim": PARTS,
    "psnr": PARTS,
    "mse": PARTS,
    "complex_nrmse": (VALUE,),
    "frc_half_crossing_per_px": (VALUE,),
    "frc_area": (VALUE,),
}
HEADLINE, SECONDARY_FAMILY = "headline", "secondary"
FAMILIES = {
    HEADLINE: [DeltaKey(rival, m, part) for m in METRICS for rival in RIVALS for part in PARTS],
    SECONDARY_FAMILY: [
        DeltaKey(rival, metric, part)
        for metric, parts in SECONDARY.items()
        for rival in RIVALS
        for part in parts
    ],
}
DIRECTIONS = {
    metric: "higher is better" if HIGHER_IS_BETTER[metric] else "lower is better"
    for metric in METRICS
}
NOT_IN_INTERVALS = ("against", "metric", "part", "delta", "direction", "family")


def delta_summary(
    summary: dict[str, Any],
    source_metrics: str,
    generated_at: str,
    blocks: Mapping[ComparisonKey, BlockValues],
) -> dict[str, Any]:
    """Return the content of `metrics_delta_summary.json`.

    Args:
        summary: Content of `metrics_summary.json`.
        source_metrics: Where that lies, relative to the hub.
        generated_at: Time in UTC, `YYYY-MM-DDTHH:MM:SSZ`.
        blocks: Pseudo-values of the comparisons that have them.

    Returns:
        Differences of the aggregate means, PtychoPINN minus each rival, null where a value is
        missing, with their 95 % intervals and verdicts; over the headline split, and over each
        split. `comparisons` has the other metrics too, each family corrected after Holm.
    """
    headline, splits = summary["aggregate_split"], summary["aggregate_by_split"]
    scores = _scores_of(summary, headline, blocks)
    found = comparisons(scores)
    return {
        "schema_version": SCHEMA_VERSION,
        "generated_at": generated_at,
        "source_metrics": source_metrics,
        "aggregate_split": headline,
        KEY: summary.get(KEY, TRUTH),
        "directions": DIRECTIONS,
        "confidence": CONFIDENCE,
        "n_replicates": len(scores.replicates),
        "deltas": deltas(summary["aggregate_metrics"]),
        "intervals": intervals(found),
        "comparisons": found,
        "deltas_by_condition": deltas_by_condition(summary, FAMILIES[HEADLINE]),
        "deltas_by_split": {split: deltas(means) for split, means in splits.items()},
        "intervals_by_split": {
            split: intervals(comparisons(_scores_of(summary, split, blocks))) for split in splits
        },
    }


def deltas(aggregate: dict[str, Any]) -> dict[str, Any]:
    """Return PtychoPINN minus each rival for every metric and part of one aggregate."""
    return {
        f"vs_{rival.value}": {
            metric: {part: _difference(aggregate, rival, metric, part) for part in PARTS}
            for metric in METRICS
        }
        for rival in RIVALS
    }


def comparisons(scores: PairedScores) -> list[dict[str, Any]]:
    """Return every delta with its interval, and its verdict from PtychoPINN's point of view.

    The p-values of the headline deltas are corrected among themselves, those of the other metrics
    among themselves. Intervals are of one delta each, and are not widened for their number.
    """
    found = []
    for family, wanted_deltas in FAMILIES.items():
        estimates = [estimate_delta(scores, wanted) for wanted in wanted_deltas]
        adjusted = holm([estimate.interval.p_value for estimate in estimates])
        for wanted, estimate, p_holm in zip(wanted_deltas, estimates, adjusted, strict=True):
            better_high = HIGHER_IS_BETTER[wanted.metric]
            found.append(
                {
                    "against": wanted.rival.value,
                    "metric": wanted.metric,
                    "part": wanted.part,
                    "delta": scores.delta(wanted),
                    "direction": "higher is better" if better_high else "lower is better",
                    "family": family,
                    **_limits(estimate),
                    "p_holm": p_holm,
                    "verdict": verdict(estimate.estimate, p_holm, better_high),
                }
            )
    return found


def intervals(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the intervals of the headline deltas, in the shape of the deltas."""
    nested: dict[str, Any] = {}
    for entry in found:
        if entry["family"] == HEADLINE:
            parts = nested.setdefault(f"vs_{entry['against']}", {}).setdefault(entry["metric"], {})
            parts[entry["part"]] = {
                name: value for name, value in entry.items() if name not in NOT_IN_INTERVALS
            }
    return nested


def _scores_of(
    summary: dict[str, Any], split: str, blocks: Mapping[ComparisonKey, BlockValues]
) -> PairedScores:
    """Return the comparisons of a split, or of all splits."""
    jobs = [job for job in summary["jobs"] if split in (ALL_SPLITS, job["split"])]
    return PairedScores.of(jobs, blocks)


def _limits(estimate: DeltaEstimate) -> dict[str, Any]:
    """Return an interval as JSON."""
    low = high = None
    if estimate.estimate is not None and estimate.interval.half_width is not None:
        low = estimate.estimate - estimate.interval.half_width
        high = estimate.estimate + estimate.interval.half_width
    return {
        "kind": estimate.kind,
        "n": estimate.n,
        "estimate": estimate.estimate,
        "low": low,
        "high": high,
        "half_width": estimate.interval.half_width,
        "p_value": estimate.interval.p_value,
        "reason": estimate.reason or None,
    }


def _difference(aggregate: dict[str, Any], rival: Arm, metric: str, part: str) -> float | None:
    own, other = (
        aggregate.get(arm.value, {}).get(metric, {}).get(f"mean_{part}")
        for arm in (Arm.PTYCHOPINN, rival)
    )
    return None if own is None or other is None else own - other
