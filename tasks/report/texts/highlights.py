"""The four lines that a study ends in, in a file and on the terminal."""

from typing import Any

from tasks.catalogue.headline import HEADLINE_METRICS, OTHERS, SUBJECT
from tasks.catalogue.metric import PARTS, PHASE, Metric
from tasks.catalogue.reconstruction import Reconstruction
from tasks.report.statistics.deltas import vs
from tasks.report.texts.interval_texts import compact_lines
from tasks.report.texts.text_tables import labelled, signed

LABEL_WIDTH = 35
MISSING = "n/a"
TERMINAL_DECIMALS = 3
LINES = tuple((metric, other) for metric in HEADLINE_METRICS for other in OTHERS)


def highlight_lines(values: dict[str, Any], most_decimals: int | None = None) -> list[str]:
    """Return the four lines of highlights, MS-SSIM then MAE, each vs Baseline then vs PtyChi."""
    lines = []
    for metric, other in LINES:
        decimals = min(metric.decimals, most_decimals or metric.decimals)
        amplitude, phase = (
            signed(values[vs(other.name)][metric.name][part], decimals, MISSING) for part in PARTS
        )
        lines.append(
            f"{_label(metric, other):<{LABEL_WIDTH}}: amplitude {amplitude}  phase {phase}"
        )
    return lines


def preview_lines(values: dict[str, Any]) -> list[str]:
    """Return the four lines of highlights with the phase alone."""
    return [
        f"{_label(metric, other)}: "
        f"{signed(values[vs(other.name)][metric.name][PHASE], metric.decimals, MISSING)}"
        for metric, other in LINES
    ]


def highlight_block(values: dict[str, Any], delta: dict[str, Any]) -> list[str]:
    """Return the four lines, of one split of a delta summary, as markdown."""
    return ["```", *labelled(highlight_lines(values), delta), "```", ""]


def terminal_block(delta: dict[str, Any]) -> list[str]:
    """Return the deltas for the terminal, three decimals each, and their intervals."""
    return [
        f"Deltas over the {delta['aggregate_split']} split",
        *labelled(highlight_lines(delta["deltas"], TERMINAL_DECIMALS), delta),
        *compact_lines(delta),
    ]


def _label(metric: Metric, other: Reconstruction) -> str:
    return f"{metric.label} Δ ({SUBJECT.name} - {other.name})"
