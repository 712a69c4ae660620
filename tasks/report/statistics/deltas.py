"""The subject minus the other arms: the numbers that a study is run for, and how well known."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from tasks.catalogue.headline import ALWAYS_TOLD, OTHERS, SUBJECT, metrics_among, others_among
from tasks.catalogue.metric import Metric
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.reconstruction import Reconstruction
from tasks.report.records.comparisons import BlockValues, ComparisonKey
from tasks.report.statistics.paired_scores import (
    DeltaEstimate,
    DeltaKey,
    PairedScores,
    estimate_delta,
    key_of,
)
from tasks.report.statistics.summary import ALL_SPLITS, KEY, SCHEMA_VERSION, TRUTH
from tasks.report.statistics.t_intervals import CONFIDENCE, holm, verdict

NOT_IN_INTERVALS = ("against", "metric", "part", "delta", "direction", "family")
Means = Mapping[str, Mapping[str, Mapping[str, float | None]]]


def delta_summary(
    summary: dict[str, Any],
    source_metrics: str,
    generated_at: str,
    blocks: Mapping[ComparisonKey, BlockValues],
) -> dict[str, Any]:
    """Return the content of `metrics_delta_summary.json`.

    These are differences of the aggregate means, the subject minus each other arm, null where a
    value is missing, with their 95 % intervals and verdicts; over the headline split, and over each
    split. `comparisons` has the other metrics too, each family corrected after Holm.
    """
    headline, splits = summary["aggregate_split"], summary["aggregate_by_split"]
    means = summary["aggregate_metrics"]
    metrics = metrics_among(means.get(SUBJECT.name, {}))
    families = delta_families(means, held_metrics(summary["jobs"]))
    told = [key for other in others_among(means) for key in _keys((other,), metrics)]
    scores = {
        split: PairedScores.of(
            [job for job in summary["jobs"] if split in (ALL_SPLITS, job["split"])], blocks
        )
        for split in (headline, *splits)
    }
    found = {split: delta_entries(of_split, families) for split, of_split in scores.items()}
    return {
        "schema_version": SCHEMA_VERSION,
        "generated_at": generated_at,
        "source_metrics": source_metrics,
        "aggregate_split": headline,
        KEY: summary.get(KEY, TRUTH),
        "directions": {metric.name: metric.direction for metric in metrics},
        "confidence": CONFIDENCE,
        "n_replicates": len(scores[headline].replicates),
        "deltas": deltas(means, told),
        "intervals": intervals(found[headline], told),
        "comparisons": found[headline],
        "deltas_by_condition": deltas_by_condition(summary, told),
        "deltas_by_split": {split: deltas(of_split, told) for split, of_split in splits.items()},
        "intervals_by_split": {split: intervals(found[split], told) for split in splits},
    }


def held_metrics(jobs: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the metrics that a comparison has a row of."""
    return {row["metric"] for job in jobs for row in job["metrics"]}


def delta_families(models: Iterable[str], held: Container[str]) -> dict[str, list[DeltaKey]]:
    """Return all deltas of a hub, by the family that their p-values are corrected in.

    Metrics of this package always have deltas, those of others in hubs that hold them.
    Further arms have families of their own, such as `headline vs ePIE`, so that they move no
    p-value of the others.
    """
    metrics = {
        family: [metric for metric in members if metric in ALWAYS_TOLD or metric.name in held]
        for family, members in METRICS.families.items()
    }
    found = {family: _keys(OTHERS, members) for family, members in metrics.items()}
    for other in others_among(set(models))[len(OTHERS) :]:
        for family, members in metrics.items():
            found[f"{family} vs {other.name}"] = _keys((other,), members)
    return {family: keys for family, keys in found.items() if keys}


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
    return _nested({key: _difference(means, key) for key in told})


def intervals(found: Iterable[dict[str, Any]], told: Iterable[DeltaKey]) -> dict[str, Any]:
    """Return the intervals of the deltas that are told, in the shape of the deltas."""
    by_key = {
        DeltaKey(*(entry[name] for name in NOT_IN_INTERVALS[:3])): {
            name: value for name, value in entry.items() if name not in NOT_IN_INTERVALS
        }
        for entry in found
    }
    return _nested({key: by_key[key] for key in told})


def deltas_by_condition(summary: dict[str, Any], told: Sequence[DeltaKey]) -> list[dict[str, Any]]:
    """Return the deltas of every dose, view and split, each the mean over its replicates."""
    conditions: dict[tuple[float, str, str], list[dict[str, Any]]] = {}
    for job in summary["jobs"]:
        conditions.setdefault(key_of(job).condition, []).append(job)
    found = []
    for (dose, view, split), jobs in sorted(conditions.items()):
        scores = PairedScores.of(jobs, {})
        place = {"dose": dose, "view": view, "split": split, "n_replicates": len(jobs)}
        found.append(place | {"deltas": _nested({key: scores.delta(key) for key in told})})
    return found


def _keys(others: Sequence[Reconstruction], metrics: Iterable[Metric]) -> list[DeltaKey]:
    return [
        DeltaKey(other.name, metric.name, part)
        for metric in metrics
        for other in others
        for part in metric.parts
    ]


def _nested(values: Mapping[DeltaKey, Any]) -> dict[str, Any]:
    """Return values by `vs_<other>`, metric and part."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found.setdefault(vs(key.other), {}).setdefault(key.metric, {})[key.part] = value
    return found


def vs(other: str) -> str:
    """Return the key of the deltas against an arm."""
    return f"vs_{other}"


def others_of(deltas: Iterable[str]) -> tuple[Reconstruction, ...]:
    """Return the arms that deltas are against, by their keys `vs_<other>`."""
    return others_among({key.removeprefix("vs_") for key in deltas})


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
