"""Verification: whether the evidence of a hub is complete, unchanged, and says what it says.

Everything is computed again from the files, nothing is believed because another file says so. It
fails closed: what is missing, damaged or cannot be checked is a finding. The same hub in another
place, or on another machine, gives the same report.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field

from tasks.catalogue.own_rows import know_rows_of
from tasks.core.files.atomic_files import write_json
from tasks.core.study.hub_layout import (
    COMPARISON_MANIFEST,
    INVENTORY,
    METRICS_SUMMARY,
    PLAN,
    RUN_LOG,
    SUMMARY_TEXT,
    VERIFICATION_REPORT,
)
from tasks.core.study.stage_record import ENDED_WELL, StageRecord
from tasks.report.records.hub_contents import PlanFile, PlannedStage
from tasks.report.records.inventory import evidence_files, manifest_paths, read_inventory
from tasks.report.records.record_model import Count, Record, Version
from tasks.report.verification.contents import path_checks, schema_checks
from tasks.report.verification.hub_files import REPORT_AGAIN, RUN_AGAIN, HubFiles, Validation
from tasks.report.verification.reports import number_checks, text_checks

# `--report-only` makes these again; they are checked by making them once more, byte by byte.
REMADE = {METRICS_SUMMARY, SUMMARY_TEXT, COMPARISON_MANIFEST}
_END = re.compile(rf"# \S+ {ENDED_WELL}")


class VerificationReport(Record):
    """What was checked of the evidence of a hub, and what does not hold."""

    model_config = ConfigDict(title=VERIFICATION_REPORT)

    schema_version: Version
    all_valid: bool
    n_validations: int = Field(ge=1)
    n_invalid: Count
    validations: list[Validation] = Field(min_length=1)


def verify_hub(hub: Path, *, with_inventory: bool = True) -> dict[str, Any]:
    """Check the evidence of a hub, return the content of `verification_report.json`; reads only.

    The inventory must be there and exact, if it is asked for: it is written last, so that a run
    checks the rest before.
    """
    know_rows_of(hub)
    files = HubFiles(hub)
    # Hashes first: files that no hash vouches for are not opened by large libraries.
    groups: list[Callable[[HubFiles], Iterator[Validation]]] = [stage_checks]
    groups += [_inventory_checks] if with_inventory else []
    groups += [schema_checks, number_checks, text_checks, path_checks]
    validations = [validation for group in groups for validation in group(files)]
    n_invalid = sum(not validation.valid for validation in validations)
    return VerificationReport(
        schema_version=1,
        all_valid=n_invalid == 0,
        n_validations=len(validations),
        n_invalid=n_invalid,
        validations=validations,
    ).model_dump()


def write_verification(hub: Path) -> dict[str, Any]:
    """Check the evidence of a hub, write `verification_report.json`, and return its content."""
    report = verify_hub(hub)
    write_json(hub / VERIFICATION_REPORT, report)
    return report


def finding_lines(report: dict[str, Any]) -> list[str]:
    """Return what does not hold, a line a finding; a cure that several share comes once, last."""
    found = [entry for entry in report["validations"] if not entry["valid"]]
    lines = [f"{entry['name']}: {entry['detail']}" for entry in found]
    for cure in (RUN_AGAIN, REPORT_AGAIN):
        if sum(line.endswith(f" {cure}") for line in lines) > 1:
            lines = [*(line.removesuffix(f" {cure}") for line in lines), cure]
    return lines


def _inventory_checks(files: HubFiles) -> Iterator[Validation]:
    yield files.check(
        f"inventory {INVENTORY}",
        _inventory_faults(files),
        "no file is missing, changed or extra",
        "Put back what was changed, or run the same command again: it makes damaged files anew "
        "and ends with a new inventory.",
    )


def _inventory_faults(files: HubFiles) -> Iterator[str]:
    entries = read_inventory(files.root)
    for path, entry in entries.items():
        fault = files.hash_fault(path, entry.size_bytes, entry.sha256)
        if fault:
            yield fault
    for path in evidence_files(files.root):
        if path not in entries:
            yield f"{path} is extra"


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
    for path in manifest_paths(files.root):
        if path not in planned:
            yield files.check(
                f"record {path}",
                _record_faults(files, path),
                "its inputs and outputs are as recorded",
            )


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
