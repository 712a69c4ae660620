"""Means over comparisons, and what is odd about them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from tasks.catalogue.headline import arms_among, metrics_among
from tasks.catalogue.metric import Metric
from tasks.report.records.comparisons import Comparison, Name
from tasks.report.records.measured_against import KEY, measured_against
from tasks.report.statistics.flags import comparison_flags, missing_arms
from tasks.report.statistics.paired_scores import mean_of_all, values_of

SCHEMA_VERSION = 1
ALL_SPLITS = "all"


def metrics_summary(
    comparisons: Sequence[Comparison], aggregate_split: str | None
) -> dict[str, Any]:
    """Return the content of `metrics_summary.json`.

    Args:
        comparisons: The comparisons, the failed ones with no rows.
        aggregate_split: Split of the headline means; where no comparison has it, all count.

    Returns:
        Counts, the comparisons that failed or lack an arm, all metrics of the arms and of what
        else was reconstructed, the means per arm over the headline split and over each split, and
        flags.
    """
    missing = {c.path: arms for c, arms in zip(comparisons, missing_arms(comparisons), strict=True)}
    done = [comparison for comparison in comparisons if comparison.rows is not None]
    rows = {c.path: [asdict(row) for row in c.rows or ()] for c in done}
    found = [row for members in rows.values() for row in members]
    arms = [arm.name for arm in arms_among({row["model"] for row in found})]
    metrics = metrics_among({row["metric"] for row in found})
    splits = sorted({comparison.key.split for comparison in done})
    headline = aggregate_split if aggregate_split in splits else None

    def means(split: str | None) -> dict[str, Any]:
        chosen = [values_of(rows[c.path]) for c in done if split in (None, c.key.split)]
        return {arm: _aggregate(chosen, arm, metrics) for arm in arms}

    return {
        "schema_version": SCHEMA_VERSION,
        "n_jobs": len(comparisons),
        "n_success": len(done),
        "n_failed": len(comparisons) - len(done),
        "failed": [comparison.name for comparison in comparisons if comparison.rows is None],
        "incomplete": [
            {"job": c.name, "missing": missing[c.path]} for c in done if missing[c.path]
        ],
        "jobs": [c.key._asdict() | _split(rows[c.path], arms) for c in done],
        "aggregate_split": headline or ALL_SPLITS,
        "aggregate_metrics": means(headline),
        "aggregate_by_split": {split: means(split) for split in splits},
        KEY: measured_against(comparison.rows or () for comparison in done),
        "flags": [flag for c in done for flag in comparison_flags(c, missing[c.path])],
    }


def _aggregate(
    tables: Sequence[Mapping[Name, float | None]], arm: str, metrics: Iterable[Metric]
) -> dict[str, dict[str, float | None]]:
    """Return the mean of every metric, and the best where higher is better.

    A mean is null unless every comparison has the value, so that means of two arms are always over
    the same comparisons.
    """
    found: dict[str, dict[str, float | None]] = {}
    for metric in metrics:
        kinds = found.setdefault(metric.name, {})
        for part in metric.parts:
            values = [table.get((arm, metric.name, part)) for table in tables]
            kinds[f"mean_{part}"] = mean_of_all(values)
            if metric.higher_is_better:
                known = (value for value in values if value is not None)
                kinds[f"best_{part}"] = max(known, default=None)
    return found


def _split(rows: Sequence[dict[str, Any]], arms: Sequence[str]) -> dict[str, Any]:
    """Return the rows of the arms apart from those of what else was reconstructed."""
    return {
        "metrics": [row for row in rows if row["model"] in arms],
        "controls": [row for row in rows if row["model"] not in arms],
    }
