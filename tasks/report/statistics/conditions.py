"""The deltas of every dose, view and split of a hub, each the mean over its replicates."""

from collections.abc import Iterable
from typing import Any

from tasks.report.records.comparisons import ComparisonKey
from tasks.report.statistics.paired_scores import DeltaKey, PairedScores, key_of


def deltas_by_condition(
    summary: dict[str, Any], wanted_deltas: Iterable[DeltaKey]
) -> list[dict[str, Any]]:
    """Return one entry a dose, view and split, in their order.

    Args:
        summary: Content of `metrics_summary.json`.
        wanted_deltas: Which differences are asked for.

    Returns:
        Entries {dose, view, split, n_replicates, deltas}, the deltas in the shape of the headline.
    """
    conditions: dict[tuple[float, str, str], list[dict[str, Any]]] = {}
    for job in summary["jobs"]:
        conditions.setdefault(key_of(job).condition, []).append(job)
    asked = list(wanted_deltas)
    return [
        {
            "dose": dose,
            "view": view,
            "split": split,
            "n_replicates": len(jobs),
            "deltas": _nested(PairedScores.of(jobs, {}), asked),
        }
        for (dose, view, split), jobs in sorted(conditions.items())
    ]


def condition_name(entry: dict[str, Any]) -> str:
    """Return dose, view and split for texts, such as `dose_1000/dense/test`."""
    return ComparisonKey.of(entry["dose"], entry["view"], entry["split"]).condition_name


def _nested(scores: PairedScores, wanted_deltas: Iterable[DeltaKey]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for wanted in wanted_deltas:
        metrics = found.setdefault(f"vs_{wanted.rival.value}", {})
        metrics.setdefault(wanted.metric, {})[wanted.part] = scores.delta(wanted)
    return found
