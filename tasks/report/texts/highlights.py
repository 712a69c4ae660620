"""The four lines that a study ends in, in a file and on the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tasks.catalogue.headline import HEADLINE_METRICS, OTHERS, SUBJECT
from tasks.catalogue.metric import PARTS, PHASE, Metric
from tasks.report.statistics.delta_keys import others_told, vs
from tasks.report.statistics.told import headline_reason, subject_of, told_deltas
from tasks.report.texts.evidence import SECOND
from tasks.report.texts.interval_texts import compact_lines
from tasks.report.texts.text_tables import labelled, signed

LABEL_WIDTH = 35
MISSING = "n/a"
TERMINAL_DECIMALS = 3
LINES = tuple((metric, other.name) for metric in HEADLINE_METRICS for other in OTHERS)
Values = Mapping[str, Any]


def highlight_lines(values: Values, most_decimals: int | None = None) -> list[str]:
    """Return the four lines of highlights, MS-SSIM then MAE, each vs Baseline then vs PtyChi."""
    return _lines(values, SUBJECT.name, LINES, most_decimals)


def preview_lines(values: Values) -> list[str]:
    """Return the four lines of highlights with the phase alone."""
    return [
        f"{_label(metric, SUBJECT.name, other)}: "
        f"{signed(values[vs(other)][metric.name][PHASE], metric.decimals, MISSING)}"
        for metric, other in LINES
    ]


def headline(delta: Values, most_decimals: int | None = None) -> list[str]:
    """Return the four lines of a delta summary; of one without a headline the line why."""
    return _or_why(delta, highlight_lines(delta["deltas"], most_decimals))


def preview(delta: Values) -> list[str]:
    """Return the four lines of a delta summary, phase alone; or the line why there are none."""
    return _or_why(delta, preview_lines(delta["deltas"]))


def highlight_block(delta: Values, split: str | None = None) -> list[str]:
    """Return the lines of a delta summary, or of one split of it, as markdown.

    Without a headline they say why, and those of the arm that is held against the others follow.
    """
    lines = _or_why(delta, highlight_lines(_over(delta, split)))
    return ["```", *lines, *_of_another_subject(delta, split), "```", ""]


def terminal_block(delta: dict[str, Any], evidence: Sequence[str] = ()) -> list[str]:
    """Return the deltas for the terminal, three decimals each, and their intervals.

    The evidence of a measured run, which needs no truth, comes before them.
    """
    return [
        *([*evidence, f"{SECOND}."] if evidence else []),
        f"Deltas over the {delta['aggregate_split']} split",
        *headline(delta, TERMINAL_DECIMALS),
        *_of_another_subject(delta, None, TERMINAL_DECIMALS),
        *([] if headline_reason(delta) else compact_lines(delta)),
    ]


def _over(delta: Values, split: str | None) -> Values:
    """Return the deltas over one split; over the headline split where none is named."""
    found: Values = delta["deltas"] if split is None else delta["deltas_by_split"][split]
    return found


def _or_why(delta: Values, lines: list[str]) -> list[str]:
    reason = headline_reason(delta)
    return labelled(lines, delta) if reason is None else [f"{reason}."]


def _of_another_subject(
    delta: Values, split: str | None, most_decimals: int | None = None
) -> list[str]:
    """Return the lines of the arm that is held against the others, where there is no headline."""
    if headline_reason(delta) is None:
        return []
    values = _over(told_deltas(delta), split)
    pairs = [(metric, o.name) for metric in HEADLINE_METRICS for o in others_told(values)]
    return labelled(_lines(values, subject_of(delta), pairs, most_decimals), delta)


def _lines(
    values: Values,
    subject: str,
    pairs: Iterable[tuple[Metric, str]],
    most_decimals: int | None,
) -> list[str]:
    """Return a line a metric and other arm, with amplitude and phase."""
    lines = []
    for metric, other in pairs:
        decimals = min(metric.decimals, most_decimals or metric.decimals)
        amplitude, phase = (
            signed(values[vs(other)][metric.name][part], decimals, MISSING) for part in PARTS
        )
        label = _label(metric, subject, other)
        lines.append(f"{label:<{LABEL_WIDTH}}: amplitude {amplitude}  phase {phase}")
    return lines


def _label(metric: Metric, subject: str, other: str) -> str:
    return f"{metric.label} Δ ({subject} - {other})"
