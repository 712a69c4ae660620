"""The reports of a hub: numbers and their texts from the tables, then the page and the figures."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.catalogue.headline import OTHERS, further_arms
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.own_rows import know_rows_of
from tasks.core.files.atomic_files import read_json, write_json, write_text
from tasks.core.study import hub_layout
from tasks.core.study.stage_record import StageFiles, silent
from tasks.report.condition_map.condition_map import condition_map
from tasks.report.costs.cost_table import digest_lines
from tasks.report.page.page_files import has_kept_state
from tasks.report.publish.research_object import write_research_object
from tasks.report.records.attempts import read_blocker
from tasks.report.records.comparisons import TABLE_NAME, find_blocks, find_comparisons
from tasks.report.records.hub_contents import profile_warning, read_plan
from tasks.report.stage import summarise
from tasks.report.statistics.delta_keys import vs
from tasks.report.statistics.deltas import delta_summary
from tasks.report.statistics.summary import ReportParams
from tasks.report.texts.aggregate_report import aggregate_highlights, aggregate_report, ssim_grid
from tasks.report.texts.evidence import evidence_lines
from tasks.report.texts.highlights import headline, preview
from tasks.report.texts.hub_summary import digest_markdown, write_hub_summary
from tasks.report.texts.text_tables import pretty_json


@dataclass(frozen=True)
class Publication:
    """What the last step made."""

    summary: dict[str, Any]
    delta: dict[str, Any]
    digest: str


def write_reports(hub: Path, generated_at: str) -> Publication | None:
    """Write the numbers of a hub, its page and its figures; as `write_numbers`."""
    publication = write_numbers(hub, generated_at)
    if publication is not None:
        draw_reports(hub)
    return publication


def write_numbers(hub: Path, generated_at: str) -> Publication | None:
    """Write the delta summary, its texts, and the map over dose and overlap; draw nothing.

    A delta summary that says the same already keeps its time. A hub without `metrics_summary.json`
    has nothing to take differences of: None is returned, and no file written.

    Raises:
        ValueError: If the summary is not valid JSON, or a table of blocks is not valid.
    """
    if not (hub / hub_layout.METRICS_SUMMARY).is_file():
        return None
    summary, blocks = read_json(hub / hub_layout.METRICS_SUMMARY), find_blocks(hub)
    delta = delta_summary(summary, hub_layout.METRICS_SUMMARY, generated_at, blocks)
    delta = _unchanged(hub / hub_layout.DELTA_SUMMARY, delta) or delta
    # Also where nothing is new: the same content may be there in other bytes.
    write_json(hub / hub_layout.DELTA_SUMMARY, delta)
    texts = delta_texts(hub, summary, delta)
    for path, text in texts.items():
        write_text(hub / path, text)
    if (conditions := condition_map(hub, summary, blocks)) is not None:
        write_json(hub / hub_layout.CONDITION_MAP, conditions)
    else:
        (hub / hub_layout.CONDITION_MAP).unlink(missing_ok=True)
    return Publication(summary, delta, texts[hub_layout.DIGEST])


def draw_reports(hub: Path) -> None:
    """Draw the page and the figures of a hub, unless they are those of its numbers already."""
    if has_kept_state(hub):
        return
    # Whoever draws nothing need not wait for what draws.
    from tasks.report.page.write import write_report_html

    write_report_html(hub)


def write_final_reports(hub: Path) -> None:
    """Write `summary/summary.md` and `ro-crate-metadata.json` from what the hub holds now.

    They come last, because they tell of the attempt and of the files as they are left behind.
    ValueError if the plan or the reports are not what the flow writes.
    """
    write_hub_summary(hub)
    write_research_object(hub)


def delta_texts(hub: Path, summary: dict[str, Any], delta: dict[str, Any]) -> dict[str, str]:
    """Return the texts that follow from summary and deltas, by their paths in the hub."""
    cost_lines = digest_lines(_cost_text(hub))
    blocker = read_blocker(hub)
    stopped = blocker.sentences if blocker else ()
    warnings = profile_warning(read_plan(hub))
    preview_text = preview(delta)
    return {
        hub_layout.HIGHLIGHTS: "\n".join(headline(delta)) + "\n",
        hub_layout.PREVIEW: "\n".join(preview_text) + "\n",
        hub_layout.DIGEST: digest_markdown(
            summary, delta, cost_lines, stopped, warnings, evidence_lines(hub, summary)
        ),
        hub_layout.PRETTY_DELTA_SUMMARY: pretty_json(delta, reading_order()),
        hub_layout.AGGREGATE_REPORT: aggregate_report(summary, delta),
        hub_layout.AGGREGATE_HIGHLIGHTS: aggregate_highlights(summary, delta),
        hub_layout.SSIM_GRID: ssim_grid(delta, preview_text, hub_layout.PREVIEW),
    }


def rebuild_reports(hub: Path, params: ReportParams) -> Publication:
    """Make numbers, texts, page and figures again; as `rebuild_numbers`."""
    publication = rebuild_numbers(hub, params)
    draw_reports(hub)
    return publication


def rebuild_numbers(hub: Path, params: ReportParams) -> Publication:
    """Make summary, deltas and texts again from the tables that a hub holds; draw nothing.

    Raises:
        ValueError: If there is no table and no failure that explains it, or a table, the text of
            the costs or the record of the failure is not valid; then nothing is written.
    """
    know_rows_of(hub)
    comparisons = find_comparisons(hub)
    if read_blocker(hub) is None and all(found.rows is None for found in comparisons):
        raise ValueError(
            f"{hub} holds no comparison: none of its {len(comparisons)} planned {TABLE_NAME} is "
            f"there, and no failed run says why. Put them back, or run the flow in this hub again."
        )
    # Before anything is written: what is damaged is refused.
    find_blocks(hub)
    _cost_text(hub)
    files = StageFiles(
        inputs={found.path: hub / found.path for found in comparisons},
        outputs={
            "summary": hub / hub_layout.METRICS_SUMMARY,
            "text": hub / hub_layout.SUMMARY_TEXT,
            "manifest": hub / hub_layout.COMPARISON_MANIFEST,
        },
    )
    summarise(params, files, silent)
    publication = write_numbers(hub, utc_now())
    if publication is None:
        raise ValueError(
            f"{hub / hub_layout.METRICS_SUMMARY} vanished while its deltas were taken. Try again."
        )
    return publication


def reading_order() -> tuple[str, ...]:
    """Return what the JSON for people begins with; a delta comes before how well it is known."""
    return (
        *("schema_version", "generated_at", "source_metrics", "aggregate_split"),
        *("measured_against", "arms", "subject", "headline_reason"),
        *("dose", "view", "split", "n_replicates", "directions", "confidence", "deltas"),
        *("deltas_by_condition", "deltas_by_split", "intervals", "intervals_by_split"),
        *("comparisons", "of_subject"),
        *(vs(other.name) for other in (*OTHERS, *further_arms())),
        *("against", "metric", *METRICS.entries, "part"),
        *("amplitude", "phase", "delta", "verdict", "estimate", "low", "high", "half_width"),
    )


def utc_now() -> str:
    """Return the time in UTC as `YYYY-MM-DDTHH:MM:SSZ`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unchanged(path: Path, delta: dict[str, Any]) -> dict[str, Any] | None:
    """Return the delta summary on disk if it differs in nothing but its time."""
    try:
        old: dict[str, Any] = read_json(path) if path.is_file() else {}
    except ValueError:
        return None
    same = isinstance(old, dict) and old | {"generated_at": ""} == delta | {"generated_at": ""}
    return old if same else None


def _cost_text(hub: Path) -> str:
    """Return `arm_costs.md`, empty where there is none; raises ValueError if it is not text."""
    path = hub / hub_layout.COST_TEXT
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else ""
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not text ({error}). Run the same command again: it is made anew."
        ) from error
