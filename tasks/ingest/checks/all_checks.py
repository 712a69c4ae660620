"""All checks of a prepared scan, before hours of work."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.core.geometry.overlap import MeasuredOverlap
from tasks.ingest.checks import Finding, Severity, pattern_checks, scan_checks, verdict_of
from tasks.ingest.checks.pattern_checks import ValuesFit
from tasks.ingest.file_scan import ProbeOrigin, Values
from tasks.ingest.preparation import PreparedScan
from tasks.orientation.refined_fit import (
    AS_STATED,
    OrientationFits,
    fit_orientations,
    fit_with_probe,
    turned_positions,
)

LEAST_PATTERNS = 9


@dataclass(frozen=True)
class Checks:
    """What was found of a scan, the worst first.

    Attributes:
        overlap: Overlap of neighbours; None where positions span no area.
        orientations: Fits in every orientation; None: not asked for, or too few patterns.
    """

    findings: tuple[Finding, ...]
    overlap: MeasuredOverlap | None
    orientations: OrientationFits | None

    @property
    def verdict(self) -> str:
        """`good`, `usable` with warnings, or `refused`."""
        return verdict_of(self.findings)


def check_scan(prepared: PreparedScan) -> Checks:
    """Check a prepared scan.

    The orientation is not tried where something worse was found: it would say nothing.
    """
    overlap = scan_checks.overlap_of(prepared)
    found = [*pattern_checks.check_zero_frequency(prepared)]
    found += scan_checks.check_near_field(prepared)
    if not found:  # else step and probe would be measured in a frame that is not theirs
        found += scan_checks.check_positions(prepared, overlap)
        found += scan_checks.check_probe(prepared)
    found += pattern_checks.check_light(prepared)
    found += pattern_checks.check_detector(prepared)
    is_asked, orientations = prepared.params.check_orientation, None
    is_worth_it = verdict_of(found) != "refused" and len(prepared.central.indices) >= LEAST_PATTERNS
    if is_asked and is_worth_it:
        orientations = try_orientations(prepared)
    if not is_asked or is_worth_it:
        found.append(scan_checks.check_orientation(prepared, orientations))
    found += pattern_checks.check_values(prepared, _fit_values(prepared, orientations))
    ranked = sorted(found, key=lambda finding: list(Severity).index(finding.severity))
    return Checks(tuple(ranked), overlap, orientations)


def try_orientations(prepared: PreparedScan) -> OrientationFits:
    """Fit the patterns in the middle of the scan in every orientation.

    A probe that was estimated is tried with both signs of its curvature.
    """
    central, probe = prepared.central, prepared.header.probe
    probes = {"given": probe}
    if prepared.guess.origin is ProbeOrigin.ESTIMATED:
        probes["twin"] = np.roll(probe[::-1, ::-1].conj(), 1, axis=(0, 1))
    return fit_orientations(
        central.counts, central.positions_px, probes, prepared.header.good_pixels
    )


def _fit_values(prepared: PreparedScan, found: OrientationFits | None) -> ValuesFit | None:
    """Return how the values, and their squares, fit in the best orientation; None: not fitted."""
    if found is None or prepared.scan.values is Values.AMPLITUDE:
        return None
    name = found.verdict if found.verdict in found.fits else AS_STATED
    best, central = found.fits[name], prepared.central
    squares = central.counts.astype(np.float64) ** 2
    share = np.sqrt(squares.sum() / central.counts.sum(dtype=np.float64))
    positions = turned_positions(central.positions_px, name)
    good = prepared.header.good_pixels
    squared = fit_with_probe(squares, positions, best.start * share, good)
    return ValuesFit(best.dispersion, squared.misfit / best.misfit)


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
        "shadows": shadows
        and {
            "movement": shadows.matrix.tolist(),
            "agreement": shadows.agreement,
            "shown_px": shadows.shown_px,
        },
        "provenance": header.provenance,
    }
