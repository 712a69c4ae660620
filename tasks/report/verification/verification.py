"""Verification: whether the evidence of a hub is complete, unchanged, and says what it says.

Everything is computed again from the files, nothing is believed because another file says so. It
fails closed: what is missing, damaged or cannot be checked is a finding. The same hub in another
place, or on another machine, gives the same report.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field

from tasks.core.files.atomic_files import write_json
from tasks.core.study.hub_layout import INVENTORY, VERIFICATION_REPORT
from tasks.report.records.record_model import Count, Record, Version
from tasks.report.verification.contents import path_checks, schema_checks
from tasks.report.verification.hub_files import HubFiles, Validation
from tasks.report.verification.inventory import evidence_files, read_inventory
from tasks.report.verification.reports import number_checks, text_checks
from tasks.report.verification.stages import stage_checks


class VerificationReport(Record):
    """What was checked of the evidence of a hub, and what does not hold."""

    model_config = ConfigDict(title=VERIFICATION_REPORT)

    schema_version: Version
    all_valid: bool
    n_validations: int = Field(ge=1)
    n_invalid: Count
    validations: list[Validation] = Field(min_length=1)


def verify_hub(hub: Path, *, with_inventory: bool = True) -> dict[str, Any]:
    """Check the evidence of a hub; reads only.

    Args:
        hub: The hub.
        with_inventory: Whether the inventory must be there and exact; it is written last, so a run
            checks the rest before.

    Returns:
        Content of `verification_report.json`.
    """
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
    """Return what does not hold, a line a finding."""
    return [
        f"{entry['name']}: {entry['detail']}"
        for entry in report["validations"]
        if not entry["valid"]
    ]


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
