"""Deltas in the shapes that files have: entries with intervals, values by arm, by condition."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tasks.catalogue.metrics import METRICS
from tasks.report.statistics.delta_keys import Means, nested
from tasks.report.statistics.paired_scores import (
    DeltaEstimate,
    DeltaKey,
    PairedScores,
    estimate_delta,
    key_of,
)
from tasks.report.statistics.t_intervals import holm, verdict

NOT_IN_INTERVALS = ("against", "metric", "part", "delta", "direction", "family")


def delta_entries(
    scores: PairedScores, families: Mapping[str, Sequence[DeltaKey]]
) -> list[dict[str, Any]]:
    """Return every delta with its interval, and its verdict from the subject's point of view.

    P-values are corrected within their family. Intervals are of one delta each, and are not
    widened for their number.
    """
    found = []
    for family, keys in families.items():
        estimates = [estimate_delta(scores, key) for key in keys]
        adjusted = holm([estimate.interval.p_value for estimate in estimates])
        for key, estimate, p_holm in zip(keys, estimates, adjusted, strict=True):
            metric = METRICS.get(key.metric)
            found.append(
                {
                    "against": key.other,
                    "metric": key.metric,
                    "part": key.part,
                    "delta": scores.delta(key),
                    "direction": metric.direction,
                    "family": family,
                    **_limits(estimate),
                    "p_holm": p_holm,
                    "verdict": verdict(estimate.estimate, p_holm, metric.higher_is_better),
                }
            )
    return found


def deltas(means: Means, told: Iterable[DeltaKey]) -> dict[str, Any]:
    """Return the differences of aggregate means, by arm, metric and part."""
    return nested({key: _difference(means, key) for key in told})


def intervals(found: Iterable[dict[str, Any]], told: Iterable[DeltaKey]) -> dict[str, Any]:
    """Return the intervals of the deltas that are told, in the shape of the deltas."""
    by_key = {
        tuple(entry[name] for name in NOT_IN_INTERVALS[:3]): {
            name: value for name, value in entry.items() if name not in NOT_IN_INTERVALS
        }
        for entry in found
    }
    return nested({key: by_key[key[:3]] for key in told})


def deltas_by_condition(summary: dict[str, Any], told: Sequence[DeltaKey]) -> list[dict[str, Any]]:
    """Return the deltas of every dose, view and split, each the mean over its replicates."""
    conditions: dict[tuple[float, str, str], list[dict[str, Any]]] = {}
    for job in summary["jobs"]:
        conditions.setdefault(key_of(job).condition, []).append(job)
    found = []
    for (dose, view, split), jobs in sorted(conditions.items()):
        scores = PairedScores.of(jobs, {})
        place = {"dose": dose, "view": view, "split": split, "n_replicates": len(jobs)}
        found.append(place | {"deltas": nested({key: scores.delta(key) for key in told})})
    return found


def _limits(found: DeltaEstimate) -> dict[str, Any]:
    """Return an interval as JSON."""
    low = high = None
    if found.estimate is not None and found.interval.half_width is not None:
        low = found.estimate - found.interval.half_width
        high = found.estimate + found.interval.half_width
    return {
        "kind": found.kind,
        "n": found.n,
        "estimate": found.estimate,
        "low": low,
        "high": high,
        "half_width": found.interval.half_width,
        "p_value": found.interval.p_value,
        "reason": found.reason or None,
    }


def _difference(means: Means, key: DeltaKey) -> float | None:
    own, other = (
        means.get(model, {}).get(key.metric, {}).get(f"mean_{key.part}")
        for model in (key.own, key.other)
    )
    return None if own is None or other is None else own - other
