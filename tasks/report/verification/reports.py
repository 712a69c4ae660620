"""Whether summary and deltas are those of the tables: computed again, and once more by hand."""

import csv
import math
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath

from tasks.core.files.atomic_files import json_bytes
from tasks.core.study.hub_layout import (
    COMPARISON_MANIFEST,
    CONDITION_MAP,
    DELTA_SUMMARY,
    METRICS_SUMMARY,
    PRETTY_DELTA_SUMMARY,
)
from tasks.core.study.stage_interface import StageFiles
from tasks.report.condition_map.condition_map import condition_map
from tasks.report.publish.params import ReportParams
from tasks.report.publish.write_reports import SUMMARY_TEXT
from tasks.report.records.blocks import find_blocks
from tasks.report.records.comparisons import find_jobs
from tasks.report.records.summary import ALL_SPLITS, metrics_summary
from tasks.report.stage import comparison_manifest
from tasks.report.statistics.deltas import delta_summary
from tasks.report.texts.summary_text import summary_markdown
from tasks.report.verification.differences import differences
from tasks.report.verification.hub_files import REPORT_AGAIN, HubFiles, Validation

SUMMARISE = "tasks.report.stage:summarise"
# Quantiles of Student's t may differ in their last digits between machines; sums do not.
INTERVAL_TOLERANCE = 1e-9
EXACT = ("deltas", "deltas_by_split")


def number_checks(files: HubFiles) -> Iterator[Validation]:
    """Yield the checks of the JSON reports against the tables."""
    for path, faults in (
        (METRICS_SUMMARY, _summary_faults),
        (COMPARISON_MANIFEST, _manifest_faults),
        (DELTA_SUMMARY, _delta_faults),
    ):
        yield files.check(
            f"numbers {path}",
            partial(faults, files),
            "computed again from the tables, it is the same",
            REPORT_AGAIN,
        )
    yield files.check(
        f"deltas {DELTA_SUMMARY}",
        partial(_faults_by_hand, files),
        "they are the differences of the means of the tables, computed by hand",
        REPORT_AGAIN,
    )
    yield files.check(
        f"source {DELTA_SUMMARY}",
        partial(_source_faults, files),
        "the summary that it names is there, relative to the hub",
        REPORT_AGAIN,
    )
    yield files.check(
        f"numbers {CONDITION_MAP}",
        partial(_map_faults, files),
        "computed again from tables, blocks, costs and iterates, it is the same",
        REPORT_AGAIN,
    )
    if (files.root / PRETTY_DELTA_SUMMARY).exists():
        yield files.check(
            f"numbers {PRETTY_DELTA_SUMMARY}",
            partial(_pretty_faults, files),
            f"it says what {DELTA_SUMMARY} says",
            REPORT_AGAIN,
        )


def report_params(files: HubFiles) -> ReportParams:
    """Return how the plan puts comparisons together; as by default without a plan."""
    try:
        stages = files.planned_stages()
    except ValueError:
        return ReportParams()
    planned = (entry["params"] for entry in stages if entry["function"] == SUMMARISE)
    return ReportParams.model_validate(next(planned, {}))


def _summary_faults(files: HubFiles) -> Iterator[str]:
    """Yield where summary and its text differ from those of the tables."""
    expected = metrics_summary(find_jobs(files.root), report_params(files).aggregate_split)
    yield from differences(files.json(METRICS_SUMMARY), expected)
    if (files.root / METRICS_SUMMARY).read_bytes() != json_bytes(expected):
        yield f"{METRICS_SUMMARY} is written in another way"
    if files.text(SUMMARY_TEXT) != summary_markdown(expected):
        yield f"{SUMMARY_TEXT} is not the text of {METRICS_SUMMARY}"


def _manifest_faults(files: HubFiles) -> Iterator[str]:
    """Yield where the list of comparisons differs from the tables."""
    jobs = find_jobs(files.root)
    tables = StageFiles({job.path: files.root / job.path for job in jobs}, {})
    yield from differences(files.json(COMPARISON_MANIFEST), comparison_manifest(jobs, tables))


def _delta_faults(files: HubFiles) -> Iterator[str]:
    """Yield where the delta summary differs from that of summary and blocks."""
    recorded = files.valid_json(DELTA_SUMMARY, "metrics_delta_summary")
    summary = files.valid_json(METRICS_SUMMARY, "metrics_summary")
    expected = delta_summary(
        summary, METRICS_SUMMARY, recorded["generated_at"], find_blocks(files.root)
    )
    for name in EXACT:
        yield from differences(recorded.get(name), expected[name], name=name)
    yield from differences(recorded, expected, INTERVAL_TOLERANCE)


def _map_faults(files: HubFiles) -> Iterator[str]:
    """Yield where the map differs from the tables; a hub of one condition has none."""
    summary = files.valid_json(METRICS_SUMMARY, "metrics_summary")
    expected = condition_map(files.root, summary, find_blocks(files.root))
    is_there = (files.root / CONDITION_MAP).exists()
    if expected is None:
        if is_there:
            yield f"{CONDITION_MAP} is of several conditions, and the hub has one"
        return
    recorded = files.valid_json(CONDITION_MAP, "condition_map")
    yield from differences(recorded, expected, INTERVAL_TOLERANCE)


def _source_faults(files: HubFiles) -> Iterator[str]:
    source = str(files.json(DELTA_SUMMARY)["source_metrics"])
    path = PurePosixPath(source)
    if path.is_absolute() or ".." in path.parts or "\\" in source:
        yield f"source_metrics of {DELTA_SUMMARY} is {source!r}, which is not inside of the hub"
    elif not (files.root / path).is_file():
        yield f"{source}, which {DELTA_SUMMARY} names, is missing"


def _pretty_faults(files: HubFiles) -> Iterator[str]:
    yield from differences(files.json(PRETTY_DELTA_SUMMARY), files.json(DELTA_SUMMARY))


def _faults_by_hand(files: HubFiles) -> Iterator[str]:
    """Yield deltas that are not the differences of means, with nothing of ours but the tables."""
    recorded = files.json(DELTA_SUMMARY)
    split = recorded["aggregate_split"]
    tables = [
        _table(files, path)
        for path in sorted(
            path.relative_to(files.root).as_posix()
            for path in files.root.glob("analysis/dose_*/**/comparison_metrics.csv")
        )
        if split in (ALL_SPLITS, PurePosixPath(path).parts[-2])
    ]
    for rival in ("Baseline", "PtyChi"):
        for metric in ("ms_ssim", "mae"):
            for part in ("amplitude", "phase"):
                own, other = (
                    _mean([table.get((model, metric, part), "") for table in tables])
                    for model in ("PtychoPINN", rival)
                )
                delta = None if own is None or other is None else own - other
                found = recorded["deltas"][f"vs_{rival}"][metric][part]
                if found != delta:
                    yield f"{metric} {part} against {rival} is {found}, the tables say {delta}"


def _table(files: HubFiles, path: str) -> dict[tuple[str, str, str], str]:
    rows = csv.DictReader(files.text(path).splitlines())
    return {
        (row["model"], row["metric"], part): row[part]
        for row in rows
        for part in ("amplitude", "phase")
    }


def _mean(cells: list[str]) -> float | None:
    if not cells or not all(cells):
        return None
    return math.fsum(float(cell) for cell in cells) / len(cells)
