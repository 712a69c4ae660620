"""`aggregate_report.md` and `aggregate_highlights.txt`: the means of the arms, and deltas."""

from collections.abc import Iterable
from typing import Any

from tasks.core.study.arms import Arm
from tasks.core.study.hub_layout import METRICS_SUMMARY
from tasks.core.study.quality_flags import PARTS
from tasks.report.records.measured_against import labelled
from tasks.report.records.summary import MODELS
from tasks.report.statistics.deltas import METRICS
from tasks.report.statistics.flags import RIVALS
from tasks.report.texts.highlights import MISSING, highlight_lines
from tasks.report.texts.summary_text import counts
from tasks.report.texts.text_tables import DASH, markdown_table, signed

DECIMALS = 3
SANE_MS_SSIM = 0.80
ROWS = {
    "mean MS-SSIM": ("ms_ssim", "mean"),
    "best MS-SSIM": ("ms_ssim", "best"),
    "mean MAE": ("mae", "mean"),
}
SANE, LOW, UNKNOWN = "ok", "LOW", "unknown"


def aggregate_report(summary: dict[str, Any], delta: dict[str, Any]) -> str:
    """Return `aggregate_report.md`: a table a model, the sanity of the means, deltas both ways.

    Args:
        summary: Content of `metrics_summary.json`.
        delta: Content of `metrics_delta_summary.json`.
    """
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
    for metric, title in METRICS.items():
        for model in MODELS:
            amplitude, phase = (
                _plain(means[model][metric][f"mean_{part}"], MISSING) for part in PARTS
            )
            label = f"{title} {model}"
            lines.append(f"{label:<35}: amplitude {amplitude}  phase {phase}")
    lines += labelled(highlight_lines(delta["deltas"], mae_decimals=DECIMALS), delta)
    low = [
        f"{model} {part}"
        for model in MODELS
        for part in PARTS
        if sanity(means[model]["ms_ssim"][f"mean_{part}"]) == LOW
    ]
    lines.append(f"Mean MS-SSIM under {SANE_MS_SSIM:.2f}: {', '.join(low) or 'none'}")
    return "\n".join([*lines, ""])


def sanity(mean_ms_ssim: float | None) -> str:
    """Return whether a mean MS-SSIM is one that a sound reconstruction has."""
    if mean_ms_ssim is None:
        return UNKNOWN
    return SANE if mean_ms_ssim >= SANE_MS_SSIM else LOW


def _split_section(split: str, means: dict[str, Any], deltas: dict[str, Any]) -> list[str]:
    """Return all that is said of one split."""
    lines = [f"## Over the {split} split", ""]
    for model in MODELS:
        lines += [f"### {model}", "", *_model_table(means[model]), ""]
    lines += [f"### Sanity: mean MS-SSIM of at least {SANE_MS_SSIM:.2f}", ""]
    lines += [*_sanity_table(means), "", "### Deltas, both ways", ""]
    return [*lines, *_delta_table(deltas), ""]


def _model_table(means: dict[str, Any]) -> list[str]:
    rows = [
        [title, *(_plain(means[metric][f"{kind}_{part}"]) for part in PARTS)]
        for title, (metric, kind) in ROWS.items()
    ]
    return markdown_table(["", *PARTS], rows)


def _sanity_table(means: dict[str, Any]) -> list[str]:
    rows = []
    for model in MODELS:
        values = [means[model]["ms_ssim"][f"mean_{part}"] for part in PARTS]
        cells = [(_plain(value), sanity(value)) for value in values]
        rows.append([model, *(text for pair in cells for text in pair)])
    return markdown_table(["model", *(text for part in PARTS for text in (part, "sane"))], rows)


def _delta_table(deltas: dict[str, Any]) -> list[str]:
    columns = [(metric, part) for metric in METRICS for part in PARTS]
    own = Arm.PTYCHOPINN.value
    rows = []
    for rival in RIVALS:
        values = [deltas[f"vs_{rival.value}"][metric][part] for metric, part in columns]
        rows.append([f"{own} - {rival.value}", *_signed(values)])
        opposite = [None if value is None else -value for value in values]
        rows.append([f"{rival.value} - {own}", *_signed(opposite)])
    return markdown_table(
        ["delta", *(f"{METRICS[metric]} {part}" for metric, part in columns)], rows
    )


def _signed(values: Iterable[float | None]) -> list[str]:
    return [signed(value, DECIMALS) for value in values]


def _plain(value: float | None, missing: str = DASH) -> str:
    return missing if value is None else f"{value:.{DECIMALS}f}"
