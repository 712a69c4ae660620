"""`metrics_digest.md`: what was compared, the deltas and how well known, and what to watch."""

from collections.abc import Sequence
from typing import Any

from tasks.catalogue.headline import SUBJECT, metrics_among
from tasks.catalogue.metric import HEADLINE
from tasks.core.study.hub_layout import DELTA_SUMMARY, METRICS_SUMMARY
from tasks.report.records.measured_against import caveat, labelled
from tasks.report.statistics.flags import flag_text
from tasks.report.statistics.paired_scores import key_of
from tasks.report.texts.highlights import highlight_lines
from tasks.report.texts.interval_texts import (
    delta_rows,
    family_title,
    interval_caption,
    notes,
    shown_families,
)
from tasks.report.texts.summary_text import counts, means_table, outcome_line


def digest_markdown(
    summary: dict[str, Any],
    delta: dict[str, Any],
    cost_lines: Sequence[str] = (),
    stopped: Sequence[str] = (),
) -> str:
    """Return the text.

    Args:
        summary: Content of `metrics_summary.json`.
        delta: Content of `metrics_delta_summary.json`.
        cost_lines: What the arms cost, as markdown; none where it is not known.
        stopped: What stopped the last run, a sentence each; none where it ended well.
    """
    lines = ["# Phase G digest", "", "## Pipeline", "", *_paragraphs(stopped)]
    lines += [counts(summary), "", *_comparison_list(summary)]
    lines += ["", "## Key deltas", "", _delta_caption(delta), ""]
    lines += ["```", *labelled(highlight_lines(delta["deltas"]), delta), "```", ""]
    lines += _interval_section(delta)
    for split, values in delta["deltas_by_split"].items():
        if split != delta["aggregate_split"]:
            lines += [
                f"Over the {split} split:",
                "",
                "```",
                *labelled(highlight_lines(values), delta),
                "```",
                "",
            ]
    lines += [f"## Means over the {summary['aggregate_split']} split", ""]
    lines += [*means_table(summary["aggregate_metrics"]), ""]
    lines += ["## Cost", "", *cost_lines, ""] if cost_lines else []
    lines += ["## Flags", ""]
    lines += [f"- {flag_text(flag)}" for flag in summary["flags"]]
    lines += [] if summary["flags"] else ["None."]
    last_line = outcome_line(summary, stopped=bool(stopped))
    lines += ["", f"Numbers: `{METRICS_SUMMARY}`, `{DELTA_SUMMARY}`.", "", last_line, ""]
    return "\n".join(lines)


def _comparison_list(summary: dict[str, Any]) -> list[str]:
    """Return a line a comparison: what it is, and what it lacks."""
    lacking = {
        f"analysis/{entry['job']}": f" (without {', '.join(entry['missing'])})"
        for entry in summary.get("incomplete", ())
    }
    lines = []
    for job in summary["jobs"]:
        key = key_of(job)
        lines.append(f"- {key.description}{lacking.get(key.analysis_folder, '')}")
    return [*lines, *(f"- missing: {name}" for name in summary["failed"])]


def _interval_section(delta: dict[str, Any]) -> list[str]:
    """Return the tables of deltas with intervals: the headline's, and that of other metrics."""
    families = shown_families(delta)
    headline = families.pop(HEADLINE)
    lines = [*delta_rows(headline), "", *_paragraphs(interval_caption(headline))]
    lines += _paragraphs(notes(headline))
    for family, entries in families.items():
        known = [entry for entry in entries if entry["delta"] is not None]
        lines += [f"{family_title(family)}:", "", *delta_rows(known), ""]
        lines += _paragraphs(notes(known))
    return lines


def _paragraphs(texts: Sequence[str]) -> list[str]:
    return [line for text in texts for line in (text, "")]


def _delta_caption(delta: dict[str, Any]) -> str:
    ways = ", ".join(
        f"{metric.label}: {metric.direction}" for metric in metrics_among(delta["directions"])
    )
    return (
        f"{SUBJECT.name} minus the other arm, over the {delta['aggregate_split']} split ({ways})."
        f"{caveat(delta)}"
    )
