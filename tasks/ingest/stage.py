"""Stage function of Phase C for a measured scan: a file of a beamline in, one prepared CXI out."""

from typing import Any

import numpy as np

from tasks.core.study.stage_record import Progress, StageFiles
from tasks.ingest.checks import (
    Checks,
    Finding,
    Severity,
    accepted,
    checks_record,
    fit_checks,
    pattern_checks,
    refuse_errors,
    region_checks,
    scan_checks,
    statement_checks,
    verdict_of,
)
from tasks.ingest.checks.check_page import write_checks
from tasks.ingest.checks.pattern_checks import ValuesFit
from tasks.ingest.file_options import ProbeOrigin, Values
from tasks.ingest.params import RUN_PREFIX, IngestParams, as_typed
from tasks.ingest.preparation import PreparedScan, prepare
from tasks.ingest.preparation.pairing import find_pairings
from tasks.ingest.resolved_scan import open_scan
from tasks.orientation.fit_causes import Cause, other_causes
from tasks.orientation.fit_quality import FitQuality, better_positions, fit_quality
from tasks.orientation.orientation_fits import (
    OrientationFits,
    RefinedFit,
    fit_orientations,
    fit_with_probe,
)
from tasks.orientation.orientations import AS_STATED, turned_positions

STEPS = 4
LEAST_PATTERNS = 9


def ingest(params: IngestParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Import, check and prepare a measured scan, as a stage of a run.

    The checks are written before a scan is refused, so that a person can look at them. Outputs are
    those of `OUTPUTS`. Options are named as they are typed for a run, `--measured.…`.

    Raises:
        ValueError: If the file cannot be read as a scan, does not say what is needed, or a check
            finds what makes a reconstruction worthless; the message names the cure.
    """
    try:
        return import_scan(params, files, progress, RUN_PREFIX)
    except ValueError as reason:
        raise ValueError(as_typed(str(reason), RUN_PREFIX)) from reason


def import_scan(
    params: IngestParams, files: StageFiles, progress: Progress, prefix: str = ""
) -> dict[str, Any]:
    """Import as `ingest` does; options in findings have a prefix, none at a command line."""
    prepared, checks = check_file(params, progress)
    checks = checks.as_typed(prefix)
    write_checks(files.outputs, prepared, checks)
    refuse_errors(checks.findings)
    dose = prepared.write_scan_cxi(files.outputs["scan"])
    progress(STEPS, STEPS, f"{len(prepared.kept)} patterns written")
    record = checks_record(prepared, checks)
    record.pop("provenance")
    return record | {"dose": dose, "geometry_known": prepared.scan.geometry is not None}


def check_file(params: IngestParams, progress: Progress) -> tuple[PreparedScan, Checks]:
    """Open, prepare and check a scan; nothing is written; ValueError if it does not say enough."""
    scan = open_scan(params.file, params)
    count, height, width = scan.patterns.shape
    progress(1, STEPS, f"{count} patterns of {height} x {width} px, read as {scan.format}")
    prepared = prepare(scan, params)
    photons = float(prepared.statistics.light.mean()) * prepared.photon_scale.photons_per_unit
    progress(2, STEPS, f"{len(prepared.kept)} patterns of {photons:.4g} photons prepared")
    checks = check_scan(prepared)
    progress(3, STEPS, f"checked: {checks.verdict}")
    return prepared, checks


def check_scan(prepared: PreparedScan) -> Checks:
    """Check a prepared scan; what depends on the frame only where that is right or accepted."""
    accept = prepared.params.accept
    overlap = scan_checks.overlap_of(prepared)
    found = [*pattern_checks.check_zero_frequency(prepared, moved_misfit_ratio(prepared))]
    found += scan_checks.check_near_field(prepared)
    found = accepted(found, accept)
    if verdict_of(found) != "refused":  # else step and probe would be those of another frame
        found += scan_checks.check_strays(prepared)
        found += scan_checks.check_positions(prepared, overlap)
        found += scan_checks.check_probe(prepared)
        found += region_checks.check_regions(prepared, overlap)
    found += statement_checks.check_statements(prepared)
    found += pattern_checks.check_light(prepared)
    found += pattern_checks.check_detector(prepared)
    found = accepted(found, accept)
    is_asked, orientations = prepared.params.check_orientation, None
    is_worth_it = verdict_of(found) != "refused" and len(prepared.central.indices) >= LEAST_PATTERNS
    if is_asked and is_worth_it:
        orientations = try_orientations(prepared)
    if not is_asked or is_worth_it:
        found.append(scan_checks.check_orientation(prepared, orientations))
    quality = None
    of_values = [*pattern_checks.check_values(prepared, _fit_values(prepared, orientations))]
    found += of_values
    if orientations is not None and orientations.verdict in (AS_STATED, "undecided"):
        is_explained = verdict_of(of_values) == "refused"
        quality, told = _check_fit(prepared, orientations.fits[AS_STATED], is_explained)
        found += told
    found = accepted(found, accept)
    ranked = sorted(found, key=lambda finding: list(Severity).index(finding.severity))
    return Checks(tuple(ranked), overlap, orientations, quality)


def _check_fit(
    prepared: PreparedScan, fit: RefinedFit, is_explained: bool
) -> tuple[FitQuality, list[Finding]]:
    """Return how good the fit as stated is, and findings of it; a bad one is tried for causes.

    One that the values explain is not tried.
    """
    central, good = prepared.central, prepared.header.good_pixels
    quality, told = fit_quality(central.counts, good, fit), []
    if not is_explained:
        told = [*fit_checks.check_pairing(find_pairings(prepared, fit.start))]
    is_explained = is_explained or bool(told)
    cause, others = None, tuple[Cause, ...]()
    if not is_explained and fit_checks.is_bad(quality):
        cause = better_positions(central.counts, central.positions_px, fit, good)
        if cause is None:
            others = other_causes(central.counts, central.positions_px, fit, good)
    finding = fit_checks.check_fit(quality, cause, is_explained=is_explained, others=others)
    return quality, [*told, finding]


def moved_misfit_ratio(prepared: PreparedScan) -> float | None:
    """Return the misfit with corners and middle of all patterns exchanged over that as stated.

    The probe is held, since a free one follows the patterns. None where it is not known, or where
    the patterns are too few, or too far from each other, to tell.
    """
    central, header = prepared.central, prepared.header
    is_known = prepared.guess.origin is not ProbeOrigin.ESTIMATED
    if not is_known or len(central.indices) < LEAST_PATTERNS:
        return None
    sides = np.ptp(central.positions_px, axis=0) + header.n_px
    if np.prod(sides) > len(central.indices) * header.n_px**2:
        # They share no pixel: their positions have another unit, and the object has no end.
        return None
    stated, moved = (
        fit_with_probe(
            np.fft.fftshift(central.counts, axes=axes),
            central.positions_px,
            header.probe,
            np.asarray(np.fft.fftshift(header.good_pixels, axes=axes)),
            refine_probe=False,
        ).misfit
        for axes in ((), (-2, -1))
    )
    return moved / max(stated, float(np.finfo(np.float32).tiny))


def try_orientations(prepared: PreparedScan) -> OrientationFits:
    """Fit the middle of the scan in all orientations, an estimated probe with both curvatures."""
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
