"""Whether every report is what the tables give: each is made once more, and must be the same."""

import math
from collections.abc import Iterator
from typing import Any

from tasks.core.files.atomic_files import json_bytes
from tasks.core.study.hub_layout import (
    COMPARISON_MANIFEST,
    CONDITION_MAP,
    DELTA_SUMMARY,
    METRICS_SUMMARY,
    PLAN,
    SUMMARY_TEXT,
)
from tasks.core.study.stage_record import StageFiles
from tasks.report.condition_map.condition_map import condition_map
from tasks.report.publish.planned_params import SUMMARISE
from tasks.report.publish.write_reports import delta_texts
from tasks.report.records.comparison_files import ComparisonManifest, MetricsSummary
from tasks.report.records.comparisons import find_blocks, find_comparisons
from tasks.report.records.delta_files import DeltaSummary
from tasks.report.records.hub_contents import PlanFile
from tasks.report.records.map_files import ConditionMap
from tasks.report.stage import comparison_manifest
from tasks.report.statistics.deltas import delta_summary
from tasks.report.statistics.summary import ReportParams, metrics_summary
from tasks.report.texts.summary_text import summary_markdown
from tasks.report.verification.hub_files import REPORT_AGAIN, HubFiles, Validation

# Quantiles of Student's t may differ in their last digits between machines; sums do not.
INTERVAL_TOLERANCE = 1e-9
EXACT = ("deltas", "deltas_by_split")


def number_checks(files: HubFiles) -> Iterator[Validation]:
    """Yield the checks of the JSON reports against the tables."""
    for path, faults in (
        (METRICS_SUMMARY, _summary_faults),
        (COMPARISON_MANIFEST, _manifest_faults),
        (DELTA_SUMMARY, _delta_faults),
        (CONDITION_MAP, _map_faults),
    ):
        yield files.check(
            f"numbers {path}",
            faults(files),
            "computed again from tables, blocks, costs and iterates, it is the same",
            REPORT_AGAIN,
        )


def text_checks(files: HubFiles) -> Iterator[Validation]:
    """Yield the checks of the texts against summary and deltas, one a text."""
    texts: dict[str, str] = {}

    def make() -> Iterator[str]:
        summary = files.valid_json(METRICS_SUMMARY, MetricsSummary)
        delta = files.valid_json(DELTA_SUMMARY, DeltaSummary)
        texts.update(delta_texts(files.root, summary, delta))
        yield from ()

    yield files.check("texts", make(), "they can be made once more from summary and deltas")
    for path, text in texts.items():
        yield files.check(
            f"text {path}",
            _text_faults(files, path, text),
            "made once more from summary and deltas, it is the same",
            REPORT_AGAIN,
        )


def differences(
    recorded: Any, expected: Any, tolerance: float = 0.0, name: str = ""
) -> Iterator[str]:
    """Yield where two JSON contents differ, a sentence a leaf."""
    if isinstance(recorded, dict) and isinstance(expected, dict):
        for key in sorted(recorded.keys() | expected.keys()):
            where = f"{name}.{key}".lstrip(".")
            if key in recorded and key in expected:
                yield from differences(recorded[key], expected[key], tolerance, where)
            else:
                yield f"{where} {'is missing' if key in expected else 'is unknown'}"
    elif isinstance(recorded, list) and isinstance(expected, list):
        if len(recorded) != len(expected):
            yield f"{name} has {len(recorded)} entries, expected {len(expected)}"
            return
        for index, pair in enumerate(zip(recorded, expected, strict=True)):
            yield from differences(*pair, tolerance, f"{name}[{index}]")
    elif not _equal(recorded, expected, tolerance):
        yield f"{name} is {recorded!r}, expected {expected!r}"


def _equal(one: Any, other: Any, tolerance: float) -> bool:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (one, other))
    if numbers:
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance**2)
    return type(one) is type(other) and bool(one == other)


def _report_params(files: HubFiles) -> ReportParams:
    """Return how the plan puts comparisons together; as by default without a plan."""
    try:
        stages = files.record(PLAN, PlanFile).stages
    except ValueError:
        return ReportParams()
    planned = (stage.params for stage in stages if stage.function == SUMMARISE)
    return ReportParams.model_validate(next(planned, {}))


def _summary_faults(files: HubFiles) -> Iterator[str]:
    """Yield where summary and its text differ from those of the tables."""
    params = _report_params(files)
    expected = metrics_summary(find_comparisons(files.root), params.aggregate_split, params.arms)
    yield from differences(files.valid_json(METRICS_SUMMARY, MetricsSummary), expected)
    if (files.root / METRICS_SUMMARY).read_bytes() != json_bytes(expected):
        yield f"{METRICS_SUMMARY} is written in another way"
    if files.text(SUMMARY_TEXT) != summary_markdown(expected):
        yield f"{SUMMARY_TEXT} is not the text of {METRICS_SUMMARY}"


def _manifest_faults(files: HubFiles) -> Iterator[str]:
    """Yield where the list of comparisons differs from the tables."""
    jobs = find_comparisons(files.root)
    tables = StageFiles({job.path: files.root / job.path for job in jobs}, {})
    recorded = files.valid_json(COMPARISON_MANIFEST, ComparisonManifest)
    yield from differences(recorded, comparison_manifest(jobs, tables, _report_params(files).arms))


def _delta_faults(files: HubFiles) -> Iterator[str]:
    """Yield where the delta summary differs from that of summary and blocks."""
    recorded = files.valid_json(DELTA_SUMMARY, DeltaSummary)
    summary = files.valid_json(METRICS_SUMMARY, MetricsSummary)
    expected = delta_summary(
        summary, METRICS_SUMMARY, recorded["generated_at"], find_blocks(files.root)
    )
    for name in EXACT:
        yield from differences(recorded.get(name), expected[name], name=name)
    yield from differences(recorded, expected, INTERVAL_TOLERANCE)


def _map_faults(files: HubFiles) -> Iterator[str]:
    """Yield where the map differs from the tables; a hub of one condition has none."""
    summary = files.valid_json(METRICS_SUMMARY, MetricsSummary)
    expected = condition_map(files.root, summary, find_blocks(files.root))
    if expected is not None:
        recorded = files.valid_json(CONDITION_MAP, ConditionMap)
        yield from differences(recorded, expected, INTERVAL_TOLERANCE)
    elif (files.root / CONDITION_MAP).exists():
        yield f"{CONDITION_MAP} is of several conditions, and the hub has one"


def _text_faults(files: HubFiles, path: str, expected: str) -> Iterator[str]:
    """Yield the lines of a text that are not those expected."""
    lines, wanted = files.text(path).split("\n"), expected.split("\n")
    if len(lines) != len(wanted):
        yield f"{path} must have {len(wanted) - 1} lines, each ended, got {len(lines) - 1}"
    for line, other in zip(lines, wanted, strict=False):
        if line != other:
            yield f"{path} says {line!r}, which is not what summary and deltas give: {other!r}"
