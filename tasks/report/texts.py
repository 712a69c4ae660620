"""Texts for people: the tables of the summary, the digest, and the block on the terminal."""

from collections.abc import Sequence
from typing import Any

from tasks.core.hub import DELTA_SUMMARY, METRICS_SUMMARY
from tasks.report.deltas import DIRECTIONS, METRICS, highlight_lines
from tasks.report.summary import MODELS, PARTS

DASH = "–"
LARGE = 1e4


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a markdown table, first column left, the others right."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (header, rule, *rows)]


def summary_markdown(summary: dict[str, Any]) -> str:
    """Return `metrics_summary.md`: the means per model, and every comparison with its controls."""
    lines = ["# Metrics", "", _counts(summary), ""]
    lines += [f"## Means over the {summary['aggregate_split']} split", ""]
    lines += [*means_table(summary["aggregate_metrics"]), ""]
    for job in summary["jobs"]:
        lines += [f"## {job_name(job)}", ""]
        lines += [*job_table(job), ""]
    return "\n".join(lines)


def means_table(aggregate: dict[str, Any]) -> list[str]:
    """Return the mean MS-SSIM and MAE of every model as a markdown table."""
    header = [
        "model",
        *(f"{METRICS[metric]} {part}" for metric in METRICS for part in PARTS),
    ]
    rows = [
        [
            model,
            *(
                _fixed(aggregate[model][metric][f"mean_{part}"])
                for metric in METRICS
                for part in PARTS
            ),
        ]
        for model in MODELS
    ]
    return markdown_table(header, rows)


def job_table(job: dict[str, Any]) -> list[str]:
    """Return all metrics of one comparison, arms and controls, as a markdown table."""
    rows = [
        [row["model"], row["metric"], *(_fixed(row[part]) for part in (*PARTS, "value"))]
        for row in (*job["metrics"], *job["controls"])
    ]
    return markdown_table(["model", "metric", *PARTS, "value"], rows)


def job_name(job: dict[str, Any]) -> str:
    """Return a heading for one comparison."""
    return f"{job['dose']:g} photons per pattern, {job['view']} view, {job['split']} split"


def digest_markdown(summary: dict[str, Any], delta: dict[str, Any]) -> str:
    """Return `metrics_digest.md`: what was compared, the deltas, and what to watch."""
    lines = ["# Phase G digest", "", "## Pipeline", "", _counts(summary), ""]
    lines += [f"- {job_name(job)}" for job in summary["jobs"]]
    lines += [f"- missing: {name}" for name in summary["failed"]]
    lines += ["", "## Key deltas", "", _delta_caption(delta), ""]
    lines += ["```", *highlight_lines(delta["deltas"]), "```", ""]
    for split, values in delta["deltas_by_split"].items():
        if split != delta["aggregate_split"]:
            lines += [f"Over the {split} split:", "", "```", *highlight_lines(values), "```", ""]
    lines += [f"## Means over the {summary['aggregate_split']} split", ""]
    lines += [*means_table(summary["aggregate_metrics"]), "", "## Flags", ""]
    lines += [f"- {flag['job']}: {flag['model']} {flag['flag']}" for flag in summary["flags"]]
    lines += [] if summary["flags"] else ["None."]
    lines += ["", f"Numbers: `{METRICS_SUMMARY}`, `{DELTA_SUMMARY}`.", "", verdict(summary), ""]
    return "\n".join(lines)


def verdict(summary: dict[str, Any]) -> str:
    """Return the last line of the digest."""
    if summary["n_failed"]:
        return f"FAILURES PRESENT: {summary['n_failed']} of {summary['n_jobs']} comparisons failed"
    return f"ALL COMPARISONS SUCCESSFUL: {summary['n_success']} of {summary['n_jobs']}"


def terminal_block(delta: dict[str, Any]) -> list[str]:
    """Return the deltas for the terminal, three decimals each."""
    return [
        f"Deltas over the {delta['aggregate_split']} split",
        *highlight_lines(delta["deltas"], mae_decimals=3),
    ]


def _delta_caption(delta: dict[str, Any]) -> str:
    directions = ", ".join(f"{METRICS[name]}: {way}" for name, way in DIRECTIONS.items())
    return (
        f"PtychoPINN minus the other arm, over the {delta['aggregate_split']} split ({directions})."
    )


def _counts(summary: dict[str, Any]) -> str:
    return (
        f"{summary['n_success']} of {summary['n_jobs']} comparisons, {summary['n_failed']} failed."
    )


def _fixed(value: float | None) -> str:
    """Return a number for a table: three decimals, one more if small, four digits if large."""
    if value is None:
        return DASH
    if abs(value) >= LARGE:
        return f"{value:.4g}"
    return f"{value:.3f}" if abs(value) >= 0.0995 else f"{value:.4f}"
