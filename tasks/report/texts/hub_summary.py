"""What to read first: `metrics_digest.md`, and `summary/summary.md` for who was not there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.catalogue.headline import metrics_among
from tasks.catalogue.metric import HEADLINE
from tasks.core.files.atomic_files import write_text
from tasks.core.study import hub_layout
from tasks.report.records.hub_contents import HubContents, profile_warning, used_parameters
from tasks.report.statistics.paired_scores import key_of
from tasks.report.statistics.summary import flag_text
from tasks.report.statistics.told import subject_of, told_deltas
from tasks.report.texts.evidence import SECOND, evidence_lines
from tasks.report.texts.highlights import highlight_block
from tasks.report.texts.interval_texts import (
    delta_rows,
    family_title,
    interval_caption,
    notes,
    shown_families,
)
from tasks.report.texts.summary_text import counts, means_table, outcome_line
from tasks.report.texts.text_tables import caveat, markdown_table

LINKS = {
    "Everything on one page, offline": hub_layout.REPORT_PAGE,
    "Digest: deltas, verdicts, means, costs, flags": hub_layout.DIGEST,
    "Means of every arm": hub_layout.AGGREGATE_REPORT,
    "What the arms cost": hub_layout.COST_TEXT,
    "Deltas, for people": hub_layout.PRETTY_DELTA_SUMMARY,
    "Deltas, for programs": hub_layout.DELTA_SUMMARY,
    "All metrics": hub_layout.METRICS_SUMMARY,
    "The comparisons and their tables": hub_layout.COMPARISON_MANIFEST,
    "Parameters, versions, stages": hub_layout.PLAN,
    "Every attempt": hub_layout.ATTEMPTS,
    "Log of the run": hub_layout.RUN_LOG,
    "What stopped the last attempt": hub_layout.BLOCKER_TEXT,
}

# Written after this page, which must not depend on it.
VERIFICATION = (
    "Whether the evidence is complete and unchanged: `analysis/verification_report.json`, where "
    "the run was verified."
)


def write_hub_summary(hub: Path) -> None:
    """Write the page, of equal hubs in equal bytes; raises ValueError if a file is damaged."""
    contents = HubContents.of(hub)
    present = [path for path in LINKS.values() if (hub / path).is_file()]
    lines = [f"# {contents.title}", "", *_paragraphs(profile_warning(contents.plan))]
    lines += _outcome(contents, failed=hub_layout.BLOCKER_TEXT in present)
    lines += ["## What was run", "", *_parameters(contents), ""]
    if contents.summary is not None and contents.delta is not None:
        evidence = evidence_lines(hub, contents.summary)
        lines += ["## Without the truth", "", *_paragraphs(evidence)] if evidence else []
        lines += _results(contents.summary, contents.delta)
    lines += ["## Where to read on", ""]
    lines += [f"- [{title}](../{path})" for title, path in LINKS.items() if path in present]
    write_text(hub / hub_layout.HUB_SUMMARY, "\n".join([*lines, "", VERIFICATION, ""]))


def _outcome(contents: HubContents, *, failed: bool) -> list[str]:
    """Return how the last attempt ended, and whether every comparison is there."""
    lines = []
    if (attempt := contents.attempt) is not None:
        told = f"Last attempt: {attempt.result}, {attempt.started_at} to {attempt.ended_at}"
        if (blocker := attempt.blocker) is not None:
            told += f"; stopped in {blocker.place} by {blocker.exception}"
        lines += [f"{told}.", ""]
    if failed:
        path = hub_layout.BLOCKER_TEXT
        lines += [f"**Unfinished**: what stopped the run is in [{path}](../{path}).", ""]
    if contents.summary is None:
        return [*lines, "There are no comparisons yet.", ""]
    last_word = outcome_line(contents.summary, stopped=failed)
    return [*lines, counts(contents.summary), "", f"**{last_word}**", ""]


def _parameters(contents: HubContents) -> list[str]:
    """Return the parameters at a glance: of groups, their kind alone."""
    if not contents.parameters:
        return ["The tables came from another program: its parameters are not known."]
    rows = [
        [name, _shown(value)]
        for name, value in sorted(used_parameters(contents.parameters).items())
        if not isinstance(value, dict) or "kind" in value
    ]
    rows.append(["software", f"phase-g {contents.versions.get('phase-g', 'of unknown version')}"])
    rows.append(["commit", contents.commit or "unknown"])
    return markdown_table(["parameter", "value"], [row for row in rows if row[1]])


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return str(value["kind"])
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def _results(summary: dict[str, Any], delta: dict[str, Any]) -> list[str]:
    """Return deltas, verdicts and flags."""
    told, subject = told_deltas(delta), subject_of(delta)
    lines = [
        "## Deltas",
        "",
        f"{subject} minus the other arm, {delta['aggregate_split']} split.{caveat(delta)}",
        "",
        *highlight_block(delta),
    ]
    for family, found in shown_families(told).items():
        if found and family.startswith(HEADLINE):
            lines += [] if family == HEADLINE else [f"{family_title(family)}:", ""]
            sentences = [*interval_caption(found, subject), *notes(found)]
            lines += [*delta_rows(found), "", *_paragraphs(sentences)]
    return [*lines, *_flag_section(summary)]


def _flag_section(summary: dict[str, Any]) -> list[str]:
    flags = [f"- {flag_text(flag)}" for flag in summary["flags"]]
    return ["## Flags", "", *(flags or ["None."]), ""]


def digest_markdown(
    summary: dict[str, Any],
    delta: dict[str, Any],
    cost_lines: Sequence[str] = (),
    stopped: Sequence[str] = (),
    warnings: Sequence[str] = (),
    evidence: Sequence[str] = (),
) -> str:
    """Return `metrics_digest.md`, with the costs and with what stopped the last run, if known.

    It begins with the evidence of a measured run, which needs no truth.
    """
    lines = ["# Phase G digest", "", *_paragraphs(warnings), *_paragraphs(evidence)]
    lines += [*_paragraphs([f"{SECOND}."] if evidence else []), "## Pipeline", ""]
    lines += [*_paragraphs(stopped), counts(summary), "", *_comparison_list(summary)]
    lines += ["", "## Key deltas", "", _delta_caption(delta), ""]
    lines += [*highlight_block(delta), *_interval_section(delta)]
    for split in delta["deltas_by_split"]:
        if split != delta["aggregate_split"]:
            lines += [f"Over the {split} split:", "", *highlight_block(delta, split)]
    lines += [f"## Means over the {summary['aggregate_split']} split", ""]
    lines += [*means_table(summary), ""]
    lines += ["## Cost", "", *cost_lines, ""] if cost_lines else []
    lines += _flag_section(summary)
    last_line = outcome_line(summary, stopped=bool(stopped))
    numbers = f"Numbers: `{hub_layout.METRICS_SUMMARY}`, `{hub_layout.DELTA_SUMMARY}`."
    return "\n".join([*lines, numbers, "", last_line, ""])


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
    families = shown_families(told_deltas(delta))
    headline = families.pop(HEADLINE)
    sentences = [*interval_caption(headline, subject_of(delta)), *notes(headline)]
    lines = [*delta_rows(headline), "", *_paragraphs(sentences)] if headline else []
    for family, entries in families.items():
        lines += [f"{family_title(family)}:", "", *delta_rows(entries), ""]
        lines += _paragraphs(notes(entries))
    return lines


def _paragraphs(texts: Sequence[str]) -> list[str]:
    return [line for text in texts for line in (text, "")]


def _delta_caption(delta: dict[str, Any]) -> str:
    ways = ", ".join(
        f"{metric.label}: {metric.direction}" for metric in metrics_among(delta["directions"])
    )
    split = f"over the {delta['aggregate_split']} split ({ways})"
    return f"{subject_of(delta)} minus the other arm, {split}.{caveat(delta)}"
