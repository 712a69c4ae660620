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
    SUBJECT,
    arms_among,
    metrics_among,
    others_among,
)
from tasks.catalogue.metric import PARTS, PHASE, VALUE
from tasks.core.study.hub_layout import DELTA_SUMMARY, METRICS_SUMMARY
from tasks.report.statistics.deltas import others_of, vs
from tasks.report.texts.highlights import LABEL_WIDTH, MISSING, TERMINAL_DECIMALS, highlight_lines
from tasks.report.texts.interval_texts import condition_cells, part_name, told_columns
from tasks.report.texts.summary_text import counts
from tasks.report.texts.text_tables import DASH, labelled, markdown_table, signed

DECIMALS = 3
SANE_SIMILARITY = 0.80
SANE, LOW, UNKNOWN = "ok", "LOW", "unknown"


def aggregate_report(summary: dict[str, Any], delta: dict[str, Any]) -> str:
    """Return `aggregate_report.md`: a table a model, the sanity of the means, deltas both ways."""
    lines = ["# Aggregate report", "", counts(summary), ""]
    headline = summary["aggregate_split"]
    lines += _split_section(headline, summary["aggregate_metrics"], delta["deltas"])
    for split, means in summary["aggregate_by_split"].items():
        if split != headline:
            lines += _split_section(split, means, delta["deltas_by_split"][split])
    return "\n".join([*lines, f"Numbers: `{METRICS_SUMMARY}`.", ""])


def aggregate_highlights(summary: dict[str, Any], delta: dict[str, Any]) -> str:
    """Return `aggregate_highlights.txt`: a line a model and metric, the deltas, the sanity."""
    means = summary["aggregate_metrics"]
    lines = [f"Means over the {summary['aggregate_split']} split. {counts(summary)}"]
    for metric in metrics_among(means[SUBJECT.name]):
        for arm in arms_among(means):
            found = means[arm.name][metric.name]
            cells = (f"{part} {_plain(found[f'mean_{part}'], MISSING)}" for part in metric.parts)
            label = f"{metric.label} {arm.name}"
            lines.append(f"{label:<{LABEL_WIDTH}}: {'  '.join(cells)}")
    lines += labelled(highlight_lines(delta["deltas"], TERMINAL_DECIMALS), delta)
    low = [
        f"{arm.name} {part}"
        for arm in arms_among(means)
        for part in PARTS
        if sanity(means[arm.name][SIMILARITY.name][f"mean_{part}"]) == LOW
    ]
    lines.append(f"Mean {SIMILARITY.label} under {SANE_SIMILARITY:.2f}: {', '.join(low) or 'none'}")
    return "\n".join([*lines, ""])


def ssim_grid(delta: dict[str, Any], preview: Sequence[str], preview_path: str) -> str:
    """Return `ssim_grid_summary.md`."""
    sources = [PurePosixPath(path).name for path in (DELTA_SUMMARY, preview_path)]
    columns = [
        (other.name, metric, PHASE, metric.decimals)
        for metric in HEADLINE_METRICS
        for other in others_of(delta["deltas"])
    ]
    rows = [condition_cells(entry, columns) for entry in delta["deltas_by_condition"]]
    header = ["dose", "view", "split", "replicates"]
    header += [f"{metric.label} vs {other}" for other, metric, *_ in columns]
    return "\n".join(
        [
            "# SSIM grid: phase",
            "",
            f"{SUBJECT.name} minus the other arm, in the phase alone. Rows are of "
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


def _split_section(split: str, means: dict[str, Any], deltas: dict[str, Any]) -> list[str]:
    """Return all that is said of one split."""
    lines = [f"## Over the {split} split", ""]
    for arm in arms_among(means):
        lines += [f"### {arm.name}", "", *_model_table(means[arm.name]), ""]
    lines += [f"### Sanity: mean {SIMILARITY.label} of at least {SANE_SIMILARITY:.2f}", ""]
    lines += [*_sanity_table(means), "", "### Deltas, both ways", ""]
    return [*lines, *_delta_table(means, deltas), ""]


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
    for arm in arms_among(means):
        values = [means[arm.name][SIMILARITY.name][f"mean_{part}"] for part in PARTS]
        cells = [(_plain(value), sanity(value)) for value in values]
        rows.append([arm.name, *(text for pair in cells for text in pair)])
    return markdown_table(["model", *(text for part in PARTS for text in (part, "sane"))], rows)


def _delta_table(means: dict[str, Any], deltas: dict[str, Any]) -> list[str]:
    columns = told_columns(means[SUBJECT.name])
    rows = []
    for other in others_among(means):
        values = [deltas[vs(other.name)][metric.name][part] for metric, part in columns]
        opposite = [None if value is None else -value for value in values]
        ways = {
            f"{SUBJECT.name} - {other.name}": values,
            f"{other.name} - {SUBJECT.name}": opposite,
        }
        rows += [[way, *(signed(delta, DECIMALS) for delta in ways[way])] for way in ways]
    return markdown_table(["delta", *(part_name(*column) for column in columns)], rows)


def _plain(value: float | None, missing: str = DASH) -> str:
    return missing if value is None else f"{value:.{DECIMALS}f}"
