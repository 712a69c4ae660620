"""The last step: the deltas and their texts, from the summary that the hub holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks.catalogue.headline import FURTHER_ARMS, OTHERS
from tasks.catalogue.metrics import METRICS
from tasks.core.files.atomic_files import read_json, write_json, write_text
from tasks.core.study.hub_layout import (
    COMPARISON_MANIFEST,
    CONDITION_MAP,
    CONDITION_MAP_PLOT,
    DELTA_SUMMARY,
    METRICS_SUMMARY,
    PRETTY_DELTA_SUMMARY,
    SSIM_GRID,
)
from tasks.core.study.stage_interface import StageFiles, silent
from tasks.report.condition_map.condition_map import condition_map
from tasks.report.costs.cost_table import digest_lines
from tasks.report.publish.params import ReportParams
from tasks.report.records.attempts import read_blocker
from tasks.report.records.comparisons import (
    TABLE_NAME,
    BlockValues,
    ComparisonKey,
    find_blocks,
    find_comparisons,
)
from tasks.report.records.measured_against import labelled
from tasks.report.records.pretty_json import pretty_json
from tasks.report.stage import summarise
from tasks.report.statistics.deltas import delta_summary, vs
from tasks.report.texts.aggregate_report import aggregate_highlights, aggregate_report, ssim_grid
from tasks.report.texts.digest import digest_markdown
from tasks.report.texts.highlights import highlight_lines, preview_lines

HIGHLIGHTS = "analysis/metrics_delta_highlights.txt"
PREVIEW = "analysis/metrics_delta_highlights_preview.txt"
DIGEST = "analysis/metrics_digest.md"
AGGREGATE_REPORT = "analysis/aggregate_report.md"
AGGREGATE_HIGHLIGHTS = "analysis/aggregate_highlights.txt"
SUMMARY_TEXT = "analysis/metrics_summary.md"
COST_TEXT = "analysis/arm_costs.md"
COST_PLOT = "analysis/pareto.png"
# What the JSON for people begins with; a delta comes before how well it is known.
READING_ORDER = (
    *("schema_version", "generated_at", "source_metrics", "aggregate_split", "measured_against"),
    *("dose", "view", "split", "n_replicates", "directions", "confidence", "deltas"),
    *("deltas_by_condition", "deltas_by_split", "intervals", "intervals_by_split", "comparisons"),
    *(vs(other.name) for other in (*OTHERS, *FURTHER_ARMS)),
    *("against", "metric", *METRICS.entries, "part"),
    *("amplitude", "phase", "delta", "verdict", "estimate", "low", "high", "half_width"),
)


@dataclass(frozen=True)
class Publication:
    """What the last step made.

    Attributes:
        summary: Content of `metrics_summary.json`.
        delta: Content of `metrics_delta_summary.json`.
        digest: Content of `metrics_digest.md`.
    """

    summary: dict[str, Any]
    delta: dict[str, Any]
    digest: str


def publish_deltas(hub: Path, generated_at: str) -> Publication | None:
    """Write the delta summary, its highlights, the digest and the page.

    A delta summary that says the same already keeps its time.

    Args:
        hub: The hub.
        generated_at: Time in UTC, `YYYY-MM-DDTHH:MM:SSZ`.

    Returns:
        What was made, or None where the hub has no `metrics_summary.json`: then there is
        nothing to take differences of, and no file is written.

    Raises:
        ValueError: If the summary is not valid JSON, or a table of blocks is not valid.
    """
    if not (hub / METRICS_SUMMARY).is_file():
        return None
    summary, blocks = read_json(hub / METRICS_SUMMARY), find_blocks(hub)
    delta = delta_summary(summary, METRICS_SUMMARY, generated_at, blocks)
    delta = _unchanged(hub / DELTA_SUMMARY, delta) or delta
    # Also where nothing is new: the same content may be there in other bytes.
    write_json(hub / DELTA_SUMMARY, delta)
    texts = delta_texts(hub, summary, delta)
    for path, text in texts.items():
        write_text(hub / path, text)
    write_map(hub, summary, blocks)
    # Whoever publishes nothing need not wait for what draws.
    from tasks.report.page.write import write_report_html

    write_report_html(hub)
    return Publication(summary, delta, texts[DIGEST])


def write_map(
    hub: Path, summary: dict[str, Any], blocks: Mapping[ComparisonKey, BlockValues]
) -> None:
    """Write the map over dose and overlap and its picture, of a hub with several conditions."""
    content = condition_map(hub, summary, blocks)
    if content is None:
        for path in (CONDITION_MAP, CONDITION_MAP_PLOT):
            (hub / path).unlink(missing_ok=True)
        return
    from tasks.report.condition_map.map_figure import write_condition_map_plot

    write_json(hub / CONDITION_MAP, content)
    write_condition_map_plot(hub / CONDITION_MAP_PLOT, content)


def delta_texts(hub: Path, summary: dict[str, Any], delta: dict[str, Any]) -> dict[str, str]:
    """Return the texts that follow from summary and deltas, by their paths in the hub.

    Args:
        hub: The hub; what the arms cost, and what stopped its last run, is read from it.
        summary: Content of `metrics_summary.json`.
        delta: Content of `metrics_delta_summary.json`.
    """
    cost_lines = digest_lines(_cost_text(hub))
    blocker = read_blocker(hub)
    preview = labelled(preview_lines(delta["deltas"]), delta)
    return {
        HIGHLIGHTS: "\n".join(labelled(highlight_lines(delta["deltas"]), delta)) + "\n",
        PREVIEW: "\n".join(preview) + "\n",
        DIGEST: digest_markdown(summary, delta, cost_lines, blocker.sentences if blocker else ()),
        PRETTY_DELTA_SUMMARY: pretty_json(delta, READING_ORDER),
        AGGREGATE_REPORT: aggregate_report(summary, delta),
        AGGREGATE_HIGHLIGHTS: aggregate_highlights(summary, delta),
        SSIM_GRID: ssim_grid(delta, preview, PREVIEW),
    }


def rebuild_reports(hub: Path, params: ReportParams) -> Publication:
    """Make summary, deltas and texts again from the tables that a hub holds.

    Args:
        hub: The hub; its tables may come from any program.
        params: Which split the headline means are over.

    Returns:
        What was made.

    Raises:
        ValueError: If there is no table and no failure that explains it, or a table, the text of
            the costs or the record of the failure is not valid; then nothing is written.
    """
    jobs = find_comparisons(hub)
    if read_blocker(hub) is None and all(job.rows is None for job in jobs):
        raise ValueError(
            f"{hub} holds no comparison: none of its {len(jobs)} planned {TABLE_NAME} is there, "
            f"and no failed run says why. Put them back, or run the flow in this hub again."
        )
    present = [job.path for job in jobs]
    # Before anything is written: what is damaged is refused.
    find_blocks(hub)
    _cost_text(hub)
    files = StageFiles(
        inputs={path: hub / path for path in present},
        outputs={
            "summary": hub / METRICS_SUMMARY,
            "text": hub / SUMMARY_TEXT,
            "manifest": hub / COMPARISON_MANIFEST,
        },
    )
    summarise(params, files, silent)
    publication = publish_deltas(hub, utc_now())
    if publication is None:
        raise ValueError(
            f"{hub / METRICS_SUMMARY} vanished while its deltas were taken. Try again."
        )
    return publication


def utc_now() -> str:
    """Return the time in UTC as `YYYY-MM-DDTHH:MM:SSZ`."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unchanged(path: Path, delta: dict[str, Any]) -> dict[str, Any] | None:
    """Return the delta summary on disk if it differs in nothing but its time."""
    if not path.is_file():
        return None
    try:
        old: dict[str, Any] = read_json(path)
    except ValueError:
        return None
    same = isinstance(old, dict) and old | {"generated_at": ""} == delta | {"generated_at": ""}
    return old if same else None


def _cost_text(hub: Path) -> str:
    """Return `arm_costs.md`, empty where there is none; raises ValueError if it is not text."""
    path = hub / COST_TEXT
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else ""
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not text ({error}). Run the same command again: it is made anew."
        ) from error
