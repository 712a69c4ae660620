"""Checks of a measured scan before hours of work: how bad a finding is, and what cures it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad a finding is: an error stops an import unless its code is accepted."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    Attributes:
        code: Short name, for `--accept`.
        cure: What to do; empty where there is nothing to cure.
    """

    code: str
    severity: Severity
    message: str
    cure: str = ""

    @property
    def record(self) -> dict[str, Any]:
        """The finding as JSON."""
        return asdict(self) | {"severity": self.severity.value}


def error(code: str, message: str, cure: str) -> Finding:
    """Return a finding that makes a reconstruction worthless."""
    return Finding(code, Severity.ERROR, message, cure)


def warning(code: str, message: str, cure: str) -> Finding:
    """Return a finding that may spoil a reconstruction."""
    return Finding(code, Severity.WARNING, message, cure)


def info(code: str, message: str, cure: str = "") -> Finding:
    """Return a finding that is good to know."""
    return Finding(code, Severity.INFO, message, cure)


def verdict_of(findings: Iterable[Finding]) -> str:
    """Return `refused` with an error among the findings, `usable` with a warning, else `good`."""
    severities = {finding.severity for finding in findings}
    if Severity.ERROR in severities:
        return "refused"
    return "usable" if Severity.WARNING in severities else "good"


def refuse_errors(findings: Iterable[Finding], accept: Iterable[str]) -> None:
    """Refuse a scan with an error that was not accepted; tell every error and its cure."""
    allowed = set(accept)
    errors = [f for f in findings if f.severity is Severity.ERROR and f.code not in allowed]
    if errors:
        texts = " ".join(f"[{found.code}] {found.message} {found.cure}" for found in errors)
        codes = " ".join(f"--accept {found.code}" for found in errors)
        raise ValueError(f"{texts} If the scan is right all the same, say so with {codes}.")
