"""The means of the arms and their deltas: the aggregate report, its highlights, and the grid.

`aggregate_report.md` and `aggregate_highlights.txt` are of all comparisons together,
`ssim_grid_summary.md` shows the phase of every dose, view and split at a glance.
"""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from tasks.catalogue.headline import (
    HEADLINE_METRICS,
    SIMILARITY,
    arms_named,
    metrics_among,
)
from tasks.catalogue.metric import PARTS, PHASE, VALUE, Metric
from tasks.core.study.hub_layout import DELTA_SUMMARY, METRICS_SUMMARY
from tasks.report.statistics.delta_keys import others_told, vs
from tasks.report.statistics.told import subject_of, told_deltas, told_means
from tasks.report.texts.highlights import LABEL_WIDTH, MISSING, TERMINAL_DECIMALS, headline
from tasks.report.texts.interval_texts import condition_cells, part_name, told_columns
from tasks.report.texts.summary_text import counts, metrics_of
from tasks.report.texts.text_tables import DASH, markdown_table, signed

DECIMALS = 3
SANE_SIMILARITY = 0.80
SANE, LOW, UNKNOWN = "ok", "LOW", "unknown"


def aggregate_report(summary: dict[str, Any], delta: dict[str, Any]) -> str:
    """Return `aggregate_report.md`: a table a model, the sanity of the means, deltas both ways."""
    lines = ["# Aggregate report", "", counts(summary), ""]
    told, means = told_deltas(delta), told_means(summary["aggregate_metrics"], summary)
    main, subject = summary["aggregate_split"], subject_of(delta)
    lines += _split_section(main, means, told["deltas"], subject)
    for split, of_split in summary["aggregate_by_split"].items():
        if split != main:
            means = told_means(of_split, summary)
            lines += _split_section(split, means, told["deltas_by_split"][split], subject)
    return "\n".join([*lines, f"Numbers: `{METRICS_SUMMARY}`.", ""])


def aggregate_highlights(summary: dict[str, Any], delta: dict[str, Any]) -> str:
    """Return `aggregate_highlights.txt`: a line a model and metric, the deltas, the sanity."""
    means = told_means(summary["aggregate_metrics"], summary)
    lines = [f"Means over the {summary['aggregate_split']} split. {counts(summary)}"]
    for metric in metrics_among(metrics_of(means)):
        for arm in arms_named(means):
            found = means[arm.name][metric.name]
            cells = (f"{part} {_plain(found[f'mean_{part}'], MISSING)}" for part in metric.parts)
            label = f"{metric.label} {arm.name}"
            lines.append(f"{label:<{LABEL_WIDTH}}: {'  '.join(cells)}")
    lines += headline(delta, TERMINAL_DECIMALS)
    low = [
        f"{arm.name} {part}"
        for arm in arms_named(means)
        for part in PARTS
        if sanity(means[arm.name][SIMILARITY.name][f"mean_{part}"]) == LOW
    ]
    lines.append(f"Mean {SIMILARITY.label} under {SANE_SIMILARITY:.2f}: {', '.join(low) or 'none'}")
    return "\n".join([*lines, ""])


def ssim_grid(delta: dict[str, Any], preview: Sequence[str], preview_path: str) -> str:
    """Return `ssim_grid_summary.md`."""
    told = told_deltas(delta)
    sources = [PurePosixPath(path).name for path in (DELTA_SUMMARY, preview_path)]
    columns = [
        (other.name, metric, PHASE, metric.decimals)
        for metric in HEADLINE_METRICS
        for other in others_told(told["deltas"])
    ]
    rows = [condition_cells(entry, columns) for entry in told["deltas_by_condition"]]
    header = ["dose", "view", "split", "replicates"]
    header += [f"{metric.label} vs {other}" for other, metric, *_ in columns]
    return "\n".join(
        [
            "# SSIM grid: phase",
            "",
            f"{subject_of(delta)} minus the other arm, in the phase alone. Rows are of "
            f"`{sources[0]}`; the lines are those of `{sources[1]}`, over the "
            f"{delta['aggregate_split']} split.",
            "",
            *markdown_table(header, rows),
            "",
            "```",
            *preview,
            "```",
            "",
        ]
    )


def sanity(similarity: float | None) -> str:
    """Return whether a mean similarity is one that a sound reconstruction has."""
    if similarity is None:
        return UNKNOWN
    return SANE if similarity >= SANE_SIMILARITY else LOW


def _split_section(
    split: str, means: dict[str, Any], deltas: dict[str, Any], subject: str
) -> list[str]:
    """Return all that is said of one split."""
    lines = [f"## Over the {split} split", ""]
    for arm in arms_named(means):
        lines += [f"### {arm.name}", "", *_model_table(means[arm.name]), ""]
    lines += [f"### Sanity: mean {SIMILARITY.label} of at least {SANE_SIMILARITY:.2f}", ""]
    lines += [*_sanity_table(means), "", "### Deltas, both ways", ""]
    return [*lines, *_delta_table(told_columns(metrics_of(means)), deltas, subject), ""]


def _model_table(means: dict[str, Any]) -> list[str]:
    metrics = metrics_among(means)
    parts = [part for part in (*PARTS, VALUE) if any(part in metric.parts for metric in metrics)]
    rows = [
        [
            f"{kind} {metric.label}",
            *(_plain(means[metric.name].get(f"{kind}_{part}")) for part in parts),
        ]
        for metric in metrics
        for kind in (("mean", "best") if metric.higher_is_better else ("mean",))
    ]
    return markdown_table(["", *parts], rows)


def _sanity_table(means: dict[str, Any]) -> list[str]:
    rows = []
    for arm in arms_named(means):
        values = [means[arm.name][SIMILARITY.name][f"mean_{part}"] for part in PARTS]
        cells = [(_plain(value), sanity(value)) for value in values]
        rows.append([arm.name, *(text for pair in cells for text in pair)])
    return markdown_table(["model", *(text for part in PARTS for text in (part, "sane"))], rows)


def _delta_table(
    columns: Sequence[tuple[Metric, str]], deltas: dict[str, Any], subject: str
) -> list[str]:
    if not deltas:
        return ["None: one arm was run."]
    rows = []
    for other in others_told(deltas):
        values = [deltas[vs(other.name)][metric.name][part] for metric, part in columns]
        opposite = [None if value is None else -value for value in values]
        ways = {
            f"{subject} - {other.name}": values,
            f"{other.name} - {subject}": opposite,
        }
        rows += [[way, *(signed(delta, DECIMALS) for delta in ways[way])] for way in ways]
    return markdown_table(["delta", *(part_name(*column) for column in columns)], rows)


def _plain(value: float | None, missing: str = DASH) -> str:
    return missing if value is None else f"{value:.{DECIMALS}f}"
