"""Checks of a measured scan before hours of work: how bad a finding is, and what cures it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from tasks.core.geometry.overlap import MeasuredOverlap
from tasks.ingest.params import as_typed
from tasks.ingest.preparation import PreparedScan
from tasks.orientation.fit_quality import FitQuality
from tasks.orientation.orientation_fits import OrientationFits


class Severity(StrEnum):
    """How bad a finding is: an error stops an import unless its code is accepted."""

    ERROR = "error"
    ACCEPTED = "accepted"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One thing that a check found: a code for `--accept`, and a cure where there is one."""

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
    return "usable" if severities & {Severity.WARNING, Severity.ACCEPTED} else "good"


def accepted(findings: Iterable[Finding], codes: Iterable[str]) -> list[Finding]:
    """Return findings, errors of some codes as accepted: they stop nothing, but stay in sight."""
    allowed = set(codes)
    return [
        replace(found, severity=Severity.ACCEPTED)
        if found.severity is Severity.ERROR and found.code in allowed
        else found
        for found in findings
    ]


def refuse_errors(findings: Iterable[Finding], accept: Iterable[str] = ()) -> None:
    """Refuse a scan with an error that was not accepted; tell every error and its cure."""
    errors = [f for f in accepted(findings, accept) if f.severity is Severity.ERROR]
    if errors:
        texts = " ".join(f"[{found.code}] {found.message} {found.cure}" for found in errors)
        codes = " ".join(f"--accept {found.code}" for found in errors)
        raise ValueError(f"{texts} If the scan is right all the same, say so with {codes}.")


@dataclass(frozen=True)
class Checks:
    """What was found of a scan, the worst first; None where there is nothing to measure."""

    findings: tuple[Finding, ...]
    overlap: MeasuredOverlap | None
    orientations: OrientationFits | None
    quality: FitQuality | None = None

    @property
    def verdict(self) -> str:
        """`good`, `usable` with warnings or accepted errors, or `refused`."""
        return verdict_of(self.findings)

    def as_typed(self, prefix: str) -> "Checks":
        """Return the findings with their options as a run has them, such as `--measured.n-px`."""
        findings = (
            replace(
                found,
                message=as_typed(found.message, prefix),
                cure=as_typed(found.cure, prefix),
            )
            for found in self.findings
        )
        return replace(self, findings=tuple(findings))


def checks_record(prepared: PreparedScan, checks: Checks) -> dict[str, Any]:
    """Return what was found, as JSON."""
    orientations, shadows = checks.orientations, prepared.central.shadows
    overlap, header = checks.overlap, prepared.header
    known = header.geometry.is_known
    photons_per_unit = prepared.photon_scale.photons_per_unit
    return {
        "schema_version": 1,
        "verdict": checks.verdict,
        "findings": [finding.record for finding in checks.findings],
        "n_patterns": len(prepared.kept),
        "n_px": header.n_px,
        "photons_per_pattern": float(prepared.statistics.light[prepared.kept].mean())
        * photons_per_unit,
        "probe_diameter_px": prepared.guess.facts["diameter_px"],
        "probe_origin": prepared.guess.origin.value,
        "overlap_ratio": None if overlap is None else overlap.overlap_ratio,
        "step_px": None if overlap is None else overlap.step_px,
        "object_pixel_m": header.geometry.object_pixel_m(header.n_px) if known else None,
        "orientation": orientations
        and {
            "verdict": orientations.verdict,
            "misfit_ratio": orientations.misfit_ratio,
            "n_patterns": orientations.n_patterns,
            "misfits": {name: fit.misfit for name, fit in orientations.fits.items()},
        },
        "fit": checks.quality and asdict(checks.quality),
        "shadows": shadows
        and {
            "movement": shadows.matrix.tolist(),
            "agreement": shadows.agreement,
            "shown_px": shadows.shown_px,
        },
        "provenance": header.provenance,
    }
