"""What metrics were taken against: the truth, or a reference where nobody knows the truth."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tasks.catalogue.headline import SOLVER
from tasks.core.files.metrics_table import AGAINST_REFERENCE, MetricRow

KEY = "measured_against"
TRUTH, REFERENCE, BOTH = "truth", "reference", "truth and reference"
LABEL = "against the reference"
SENTENCE = (
    "Metrics and deltas are against the reference, pty-chi's reconstruction of all patterns: "
    f"nobody knows the truth, and {SOLVER.name} itself is not held against it."
)


def measured_against(tables: Iterable[Sequence[MetricRow]]) -> str:
    """Return what the metrics of some tables were taken against."""
    kinds = {any(row.metric == AGAINST_REFERENCE for row in rows) for rows in tables}
    if kinds == {True}:
        return REFERENCE
    return BOTH if True in kinds else TRUTH


def labelled(lines: Iterable[str], content: Mapping[str, Any]) -> list[str]:
    """Return lines of deltas, each with what they are against where that is no truth.

    Args:
        lines: Lines of deltas.
        content: Content of `metrics_summary.json` or `metrics_delta_summary.json`.
    """
    is_truth = content.get(KEY, TRUTH) == TRUTH
    return list(lines) if is_truth else [f"{line}  ({LABEL})" for line in lines]


def caveat(content: Mapping[str, Any]) -> str:
    """Return a space and a sentence on what the metrics mean; nothing where there is a truth."""
    return "" if content.get(KEY, TRUTH) == TRUTH else f" {SENTENCE}"
