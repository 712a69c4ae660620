"""Means over comparisons, what they were measured against, and what is odd about them.

The rules of flags for one model are those of `tasks.catalogue.quality_flags`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import Field

from tasks.catalogue.headline import SUBJECT, arms_among, metrics_among, others_among
from tasks.catalogue.metric import Metric
from tasks.catalogue.quality_flags import disagreements, flags_of, table_of
from tasks.catalogue.reconstruction import Reconstruction
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core import StrictModel
from tasks.core.files.metrics_table import AGAINST_REFERENCE, MetricRow
from tasks.report.records.comparisons import Comparison, Name
from tasks.report.statistics.paired_scores import mean_of_all, values_of

SCHEMA_VERSION = 1
ALL_SPLITS = "all"
MISSING = "missing"
MOST_LINES = 12
_NUMBER = re.compile(r"\d+(\.\d+)?")
Flag = Mapping[str, str]
KEY, ARMS = "measured_against", "arms"
TRUTH, REFERENCE, BOTH = "truth", "reference", "truth and reference"


class ReportParams(StrictModel):
    """How comparisons are put together."""

    aggregate_split: str | None = Field(
        "test", description="Split that the headline means are over; none means all jobs"
    )
    arms: tuple[str, ...] | None = Field(
        None,
        description="Arms that there should be, the first one compared with the others; none: "
        "those of the headline, and others that there are",
        exclude_if=lambda arms: arms is None,
    )


def metrics_summary(
    comparisons: Sequence[Comparison],
    aggregate_split: str | None,
    chosen: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Return the content of `metrics_summary.json`.

    Means of the arms are over the aggregate split, where a comparison has it, else over all.
    Those of the headline that are not among chosen arms are null.
    """
    lacking = missing_arms(comparisons, chosen)
    missing = {c.path: arms for c, arms in zip(comparisons, lacking, strict=True)}
    done = [comparison for comparison in comparisons if comparison.rows is not None]
    rows = {c.path: [asdict(row) for row in c.rows or ()] for c in done}
    found = [row for members in rows.values() for row in members]
    arms = [arm.name for arm in arms_among({row["model"] for row in found}.union(chosen or ()))]
    metrics = metrics_among({row["metric"] for row in found})
    splits = sorted({comparison.key.split for comparison in done})
    headline = aggregate_split if aggregate_split in splits else None

    def means(split: str | None) -> dict[str, Any]:
        tables = [values_of(rows[c.path]) for c in done if split in (None, c.key.split)]
        return {arm: _aggregate(tables, arm, metrics) for arm in arms}

    return {
        **({} if chosen is None else {ARMS: list(chosen)}),
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


def missing_arms(
    comparisons: Sequence[Comparison], chosen: Sequence[str] | None = None
) -> list[list[str]]:
    """Return of each comparison the arms that it should have, and has no row of.

    Those are the chosen ones; where none are, the headline's, and the further ones that another
    comparison of its split has.
    """
    models = [{row.model for row in comparison.rows or ()} for comparison in comparisons]
    if chosen is not None:
        return [[arm for arm in chosen if arm not in present] for present in models]
    by_split: dict[str, set[str]] = {}
    for comparison, present in zip(comparisons, models, strict=True):
        by_split.setdefault(comparison.key.split, set()).update(present)
    return [
        [arm.name for arm in arms_among(by_split[comparison.key.split]) if arm.name not in present]
        for comparison, present in zip(comparisons, models, strict=True)
    ]


def comparison_flags(comparison: Comparison, missing: Iterable[str]) -> list[dict[str, str]]:
    """Return the flags of one comparison, entries {job, model, flag}.

    They are the arms that are missing, what is wrong with what was reconstructed, and under the
    subject where the headline's metrics disagree about it.
    """
    table = table_of(comparison.rows or ())
    present = {model for model, _ in table}
    found = [(arm, MISSING) for arm in missing]
    for entry in RECONSTRUCTIONS.with_stages:
        if entry.name in present:
            found += [(entry.name, text) for text in flags_of(entry.name, table)]
    for other in others_among(present):
        texts = disagreements(table, other)
        found += [(SUBJECT.name, f"{_against(other)}{text}") for text in texts]
    return [{"job": comparison.name, "model": model, "flag": text} for model, text in found]


def flags_between(flags: Iterable[Flag], other: Reconstruction) -> list[str]:
    """Return the flags that bear on the subject minus one other arm, as sentences."""
    not_meant = tuple(_against(arm) for arm in RECONSTRUCTIONS.arms if arm is not other)
    return [
        flag_text(flag)
        for flag in flags
        if flag["model"] in (SUBJECT.name, other.name) and not flag["flag"].startswith(not_meant)
    ]


def flag_text(flag: Flag) -> str:
    """Return a flag as one line."""
    return f"{flag['job']}, {flag['model']}: {flag['flag']}"


def _against(other: Reconstruction) -> str:
    return f"against {other.name}: "


@dataclass(frozen=True)
class FlagList:
    """What the page says of flags: those in sight, kinds of the folded ones if there are any."""

    shown: list[str]
    folded: list[str]

    @property
    def total(self) -> int:
        """Number of flags."""
        return len(self.folded or self.shown)


def flag_list(flags: Sequence[Flag]) -> FlagList:
    """Return each flag, or of many a line a kind."""
    lines = [flag_text(flag) for flag in flags]
    if len(lines) <= MOST_LINES:
        return FlagList(lines, [])
    kinds: dict[tuple[str, str], list[Flag]] = {}
    for flag in flags:
        kinds.setdefault((flag["model"], _NUMBER.sub("…", flag["flag"])), []).append(flag)
    ranked = sorted(kinds.items(), key=lambda kind: -len(kind[1]))
    shown = [
        flag_text(members[0])
        if len(members) == 1
        else f"{model}: {text} ({len(members)} comparisons)"
        for (model, text), members in ranked
    ]
    return FlagList(shown, lines)


def measured_against(tables: Iterable[Sequence[MetricRow]]) -> str:
    """Return what the metrics of some tables were taken against."""
    kinds = {any(row.metric == AGAINST_REFERENCE for row in rows) for rows in tables}
    if kinds == {True}:
        return REFERENCE
    return BOTH if True in kinds else TRUTH
