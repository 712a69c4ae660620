"""Whether every JSON file of the evidence fits its published schema."""

from collections.abc import Iterator
from functools import partial

import orjson

from tasks.core.study.hub_layout import (
    ATTEMPTS,
    BLOCKER_JSON,
    COMPARISON_MANIFEST,
    DELTA_SUMMARY,
    METRICS_SUMMARY,
)
from tasks.report.records.comparisons import FOLDERS
from tasks.report.records.schema_files import schema_faults
from tasks.report.verification.hub_files import REPORT_AGAIN, RUN_AGAIN, HubFiles, Validation
from tasks.report.verification.stages import manifest_paths

REPORTS = {
    METRICS_SUMMARY: "metrics_summary",
    DELTA_SUMMARY: "metrics_delta_summary",
    COMPARISON_MANIFEST: "comparison_manifest",
}
GOOD = "it fits its schema"


def schema_checks(files: HubFiles) -> Iterator[Validation]:
    """Yield the checks of all files but the plan, which has its own."""
    comparisons = sorted(
        path.relative_to(files.root).as_posix()
        for folder in FOLDERS
        for path in files.root.glob(f"{folder}/comparison.json")
    )
    manifests = dict.fromkeys(manifest_paths(files), "manifest")
    for path, schema in (REPORTS | dict.fromkeys(comparisons, "comparison") | manifests).items():
        yield files.check(
            f"schema {path}",
            partial(_schema_faults, files, path, schema),
            GOOD,
            REPORT_AGAIN if path in REPORTS else RUN_AGAIN,
        )
    if (files.root / ATTEMPTS).exists():
        yield files.check(
            f"schema {ATTEMPTS}",
            partial(_attempt_faults, files),
            "each of its lines fits its schema",
            "Move it away: the next run begins a new one.",
        )
    yield files.check(
        f"blocker {BLOCKER_JSON}", partial(_blocker_faults, files), "the last run ended well"
    )


def _schema_faults(files: HubFiles, path: str, schema: str) -> list[str]:
    _, faults = files.judged_json(path, schema)
    return [f"{path}: {fault}" for fault in faults]


def _attempt_faults(files: HubFiles) -> Iterator[str]:
    for number, line in enumerate(files.text(ATTEMPTS).splitlines(), start=1):
        try:
            faults = schema_faults("attempts", orjson.loads(line))
        except orjson.JSONDecodeError as error:
            faults = [f"not JSON ({error})"]
        yield from (f"{ATTEMPTS}, line {number}: {fault}" for fault in faults)


def _blocker_faults(files: HubFiles) -> list[str]:
    """Return what stopped the last run; nothing after one that ended well."""
    if not (files.root / BLOCKER_JSON).exists():
        return []
    blocker = files.valid_json(BLOCKER_JSON, "blocker")
    stage = blocker["stage"] or "the flow itself"
    return [f"the last run was stopped in {stage} by {blocker['exception']}, see {BLOCKER_JSON}"]
