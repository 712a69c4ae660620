"""Whether every planned stage has ended well, and its files are the ones that it left."""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from tasks.core.study.hub_layout import COMPARISON_MANIFEST, METRICS_SUMMARY, PLAN, RUN_LOG
from tasks.core.study.stage_record import ENDED_WELL, FileRef, StageRecord
from tasks.report.publish.write_reports import SUMMARY_TEXT
from tasks.report.verification.hub_files import HubFiles, Validation
from tasks.report.verification.inventory import evidence_files

# `--report-only` makes these again; they are checked by making them once more, byte by byte.
REMADE = {METRICS_SUMMARY, SUMMARY_TEXT, COMPARISON_MANIFEST}
_END = re.compile(rf"# \S+ {ENDED_WELL}")


def stage_checks(files: HubFiles) -> Iterator[Validation]:
    """Yield the checks of the plan, of every stage of it, and of records outside of it."""
    stages: list[dict[str, Any]] = []

    def read_plan() -> list[str]:
        stages.extend(files.planned_stages())
        keyless = ", ".join(entry["stage"] for entry in stages if entry["cache_key"] is None)
        return [f"{PLAN} has no key of {keyless}: the run did not end"] if keyless else []

    yield files.check(f"plan {PLAN}", read_plan, "it fits its schema, and the run has ended")
    for entry in stages:
        name = entry["stage"]
        yield files.check(
            f"stage {name}",
            partial(_stage_faults, files, entry),
            "it has ended, and its inputs and outputs are as recorded",
        )
        yield files.check(
            f"log {entry['log']}", partial(_log_faults, files, entry), "it ended well"
        )
    if stages:
        yield files.check(f"log {RUN_LOG}", partial(_run_log_faults, files), "kept")
    planned = {entry["manifest"] for entry in stages}
    for path in manifest_paths(files):
        if path not in planned:
            yield files.check(
                f"record {path}",
                partial(_record_faults, files, path),
                "its inputs and outputs are as recorded",
            )


def manifest_paths(files: HubFiles) -> list[str]:
    """Return the records of stages that a hub holds."""
    return [
        path
        for path in evidence_files(files.root)
        if re.search(r"(^|[/.])manifest\.json$", path) and path != COMPARISON_MANIFEST
    ]


def _stage_faults(files: HubFiles, entry: Mapping[str, Any]) -> list[str]:
    """Return where a stage's record differs from the plan, and its files from the record."""
    manifest = entry["manifest"]
    record = _record(files, manifest)
    faults = [
        f"{manifest} is of another {name} than the plan"
        for name in ("stage", "phase", "params", "cache_key")
        # The plan has no keys yet while the run goes on.
        if entry[name] is not None and getattr(record, name) != entry[name]
    ]
    for name, recorded in (("inputs", record.inputs), ("outputs", record.outputs)):
        if {key: ref.path for key, ref in recorded.items()} != entry[name]:
            faults.append(f"{manifest} names other {name} than the plan")
    return [*faults, *_hash_faults(files, record)]


def _record_faults(files: HubFiles, manifest: str) -> Iterator[str]:
    """Yield the files that are not as a record outside of the plan has them."""
    yield from _hash_faults(files, _record(files, manifest))


def _hash_faults(files: HubFiles, record: StageRecord) -> Iterator[str]:
    """Yield the files that are not as a record has them."""
    refs: dict[str, FileRef] = {ref.path: ref for ref in record.inputs.values()}
    refs |= {ref.path: ref for ref in record.outputs.values() if ref.path not in REMADE}
    for path, ref in refs.items():
        fault = files.hash_fault(path, ref.size_bytes, ref.sha256)
        if fault:
            yield f"{fault} (in the record of {record.stage})"


def _record(files: HubFiles, manifest: str) -> StageRecord:
    """Read a stage's record; raises ValueError if it is none."""
    content = files.valid_json(manifest, "manifest")
    try:
        return StageRecord.model_validate(content)
    except ValidationError as error:
        raise ValueError(f"{manifest} is not the record of a stage: {error}") from error


def _run_log_faults(files: HubFiles) -> list[str]:
    return [] if files.text(RUN_LOG) else [f"{RUN_LOG} is empty"]


def _log_faults(files: HubFiles, entry: Mapping[str, Any]) -> list[str]:
    """Return why a log does not tell of a stage that ended well."""
    lines = files.text(entry["log"]).splitlines()
    if not lines or not _END.fullmatch(lines[-1]):
        return [f"{entry['log']} does not end with the good end of {entry['stage']}"]
    return []
