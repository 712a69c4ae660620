"""Whether every planned stage has ended well, and its files are the ones that it left."""

import re
from collections.abc import Iterator

from tasks.core.study.hub_layout import (
    COMPARISON_MANIFEST,
    METRICS_SUMMARY,
    PLAN,
    RUN_LOG,
    SUMMARY_TEXT,
)
from tasks.core.study.stage_record import ENDED_WELL, StageRecord
from tasks.report.records.plan_file import PlanFile, PlannedStage
from tasks.report.verification.hub_files import HubFiles, Validation
from tasks.report.verification.inventory import evidence_files

# `--report-only` makes these again; they are checked by making them once more, byte by byte.
REMADE = {METRICS_SUMMARY, SUMMARY_TEXT, COMPARISON_MANIFEST}
_END = re.compile(rf"# \S+ {ENDED_WELL}")


def stage_checks(files: HubFiles) -> Iterator[Validation]:
    """Yield the checks of the plan, of every stage of it, and of records outside of it."""
    stages: list[PlannedStage] = []

    def plan_faults() -> Iterator[str]:
        stages.extend(files.record(PLAN, PlanFile).stages)
        keyless = ", ".join(stage.stage for stage in stages if stage.cache_key is None)
        if keyless:
            yield f"{PLAN} has no key of {keyless}: the run did not end"

    yield files.check(f"plan {PLAN}", plan_faults(), "it fits its schema, and the run has ended")
    for stage in stages:
        yield files.check(
            f"stage {stage.stage}",
            _stage_faults(files, stage),
            "it has ended, and its inputs and outputs are as recorded",
        )
        yield files.check(f"log {stage.log_path}", _log_faults(files, stage), "it ended well")
    if stages:
        yield files.check(f"log {RUN_LOG}", _run_log_faults(files), "kept")
    planned = {stage.manifest for stage in stages}
    for path in manifest_paths(files):
        if path not in planned:
            yield files.check(
                f"record {path}",
                _record_faults(files, path),
                "its inputs and outputs are as recorded",
            )


def manifest_paths(files: HubFiles) -> list[str]:
    """Return the records of stages that a hub holds."""
    return [
        path
        for path in evidence_files(files.root)
        if re.search(r"(^|[/.])manifest\.json$", path) and path != COMPARISON_MANIFEST
    ]


def _stage_faults(files: HubFiles, stage: PlannedStage) -> Iterator[str]:
    """Yield where a stage's record differs from the plan, and its files from the record."""
    record = files.record(stage.manifest, StageRecord)
    for name in ("stage", "phase", "params", "cache_key"):
        # The plan has no keys yet while the run goes on.
        if getattr(stage, name) not in (None, getattr(record, name)):
            yield f"{stage.manifest} is of another {name} than the plan"
    for name in ("inputs", "outputs"):
        recorded = {key: ref.path for key, ref in getattr(record, name).items()}
        if recorded != getattr(stage, name):
            yield f"{stage.manifest} names other {name} than the plan"
    yield from _hash_faults(files, record)


def _record_faults(files: HubFiles, manifest: str) -> Iterator[str]:
    """Yield the files that are not as a record outside of the plan has them."""
    yield from _hash_faults(files, files.record(manifest, StageRecord))


def _hash_faults(files: HubFiles, record: StageRecord) -> Iterator[str]:
    """Yield the files that are not as a record has them."""
    refs = {ref.path: ref for ref in record.inputs.values()}
    refs |= {ref.path: ref for ref in record.outputs.values() if ref.path not in REMADE}
    for path, ref in refs.items():
        fault = files.hash_fault(path, ref.size_bytes, ref.sha256)
        if fault:
            yield f"{fault} (in the record of {record.stage})"


def _run_log_faults(files: HubFiles) -> Iterator[str]:
    if not files.text(RUN_LOG):
        yield f"{RUN_LOG} is empty"


def _log_faults(files: HubFiles, stage: PlannedStage) -> Iterator[str]:
    """Yield why a log does not tell of a stage that ended well."""
    lines = files.text(stage.log_path).splitlines()
    if not lines or not _END.fullmatch(lines[-1]):
        yield f"{stage.log_path} does not end with the good end of {stage.stage}"
