"""Checks of positions, probe and geometry: overlap, near field, orientation."""

from collections.abc import Iterable, Iterator

import numpy as np

from tasks.core import Real64
from tasks.core.geometry.overlap import MeasuredOverlap, measure_overlap
from tasks.core.geometry.stray_positions import find_stray_positions
from tasks.core.physics.forward import propagate
from tasks.core.physics.probe import edge_energy_fraction
from tasks.ingest.checks import Finding, error, info, warning
from tasks.ingest.file_options import ProbeOrigin
from tasks.ingest.params import PositionsParams
from tasks.ingest.preparation import PreparedScan
from tasks.orientation.orientation_fits import ALIKE, OrientationFits
from tasks.orientation.orientations import AS_STATED, ORIENTATIONS, TWIN

LITTLE_OVERLAP = 0.3
SMALLEST_STEP_PX = 0.1
LARGEST_STEP = 3.0
SAME_PLACE_PX = 1e-3
NEAR_FIELD_AGREEMENT = 0.8
NEAR_FIELD_MARGIN = 1.5
CROSSED = 1.0
SHADOWS_AGREE = 0.5
CUT_OFF = 0.05
UNLIKE = 0.5
WRONG_SIZE = 3.0
MOST_NAMED = 10
FAR_SPAN = 2.0


def overlap_of(prepared: PreparedScan) -> MeasuredOverlap | None:
    """Return the overlap of neighbours but for strays; None where positions span no area."""
    positions = in_place(prepared)
    if min(np.ptp(positions, axis=0)) <= SAME_PLACE_PX:
        return None
    return measure_overlap(positions, prepared.guess.facts["diameter_px"])


def in_place(prepared: PreparedScan) -> Real64:
    """Return the positions (y, x) without those astray [px]."""
    positions = prepared.header.positions_px
    return np.delete(positions, find_stray_positions(positions), axis=0)


def check_strays(prepared: PreparedScan) -> Iterator[Finding]:
    """Name the positions that lie apart from all others."""
    positions = prepared.header.positions_px
    strays = find_stray_positions(positions)
    if not len(strays):
        return
    others = in_place(prepared)
    middle = np.median(others, axis=0)
    named = prepared.scan.numbers[prepared.kept[strays]]
    away = positions[strays] - middle
    places = [
        f"{number} at ({y:+.1f}, {x:+.1f}) px"
        for number, (y, x) in zip(named[:MOST_NAMED], away, strict=False)
    ]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    words = " ".join(f"--positions.leave-out {number}" for number in named)
    is_far = np.any(
        np.ptp(positions, axis=0) > FAR_SPAN * np.ptp(others, axis=0) + prepared.header.n_px
    )
    make = error if is_far else warning
    yield make(
        "stray_positions",
        f"{len(named)} of {len(positions)} positions lie apart from all others, from the middle of "
        f"the scan (y, x): exposures {', '.join(places)}{more}.",
        f"Correct them in the file, or leave those exposures out: {words}.",
    )


def check_positions(prepared: PreparedScan, overlap: MeasuredOverlap | None) -> Iterator[Finding]:
    """Look at the positions: do they span an area, overlap, and have the right unit?"""
    positions, n_px = in_place(prepared), prepared.header.n_px
    diameter, extent = prepared.guess.facts["diameter_px"], np.ptp(positions, axis=0)
    if overlap is None:
        text = f"The positions span {extent[0]:.3g} x {extent[1]:.3g} px (y, x): no area."
        cure = "Check which arrays hold the positions, and their unit (--positions.unit)."
        yield error("no_area", text, cure)
        return
    step, ratio = overlap.step_px, overlap.overlap_ratio
    yield info(
        "overlap",
        f"{len(positions)} positions span {extent[0]:.0f} x {extent[1]:.0f} px (y, x); the step is "
        f"{step:.2f} px, the probe's diameter {diameter:.1f} px, the linear overlap {ratio:.2f}.",
    )
    if step < SMALLEST_STEP_PX or step > LARGEST_STEP * n_px:
        yield error(
            "position_unit",
            f"The step is {step:.3g} px for patterns of {n_px} px: the positions or the geometry "
            f"have another unit than stated.",
            "Give --positions.unit, or correct --energy-ev, --distance-m or --detector-pixel-m.",
        )
    elif ratio <= 0:
        yield error(
            "no_overlap",
            f"Neighbours do not overlap: the step of {step:.1f} px is not below the probe's "
            f"diameter of {diameter:.1f} px, and without overlap there is no phase.",
            "Scan with a smaller step; or check the unit of the positions (--positions.unit) and "
            "the probe (--probe.origin).",
        )
    elif ratio < LITTLE_OVERLAP:
        text = f"Neighbours overlap by {ratio:.2f} only."
        yield warning("little_overlap", text, "Scan with a smaller step: 0.6 is usual.")
    n_same = len(positions) - len(np.unique(np.round(positions, 3), axis=0))
    if n_same:
        text = f"{n_same} positions come twice."
        yield info("same_place", text, "Check the positions if that was not intended.")


def check_near_field(prepared: PreparedScan) -> Iterator[Finding]:
    """Look whether a pattern shows more of the sample than a far-field pattern can hold."""
    shadows, n_px = prepared.central.shadows, prepared.header.n_px
    if shadows is None or shadows.agreement < NEAR_FIELD_AGREEMENT:
        return
    shown, pixel = shadows.shown_px, prepared.scan.object_pixel_m
    if shown >= NEAR_FIELD_MARGIN * n_px:
        in_um = f" ({shown * pixel * 1e6:.3g} um)" if pixel is not None else ""
        yield error(
            "near_field",
            f"The patterns are near-field images: {shadows.agreement:.0%} of the neighbours show "
            f"the same picture of the sample, moved by {abs(shadows.magnification):.3g} detector "
            f"px for each object px, so one pattern shows {shown:.0f} px{in_um} of the sample, but "
            f"a far-field pattern of this geometry holds at most {n_px} px. This program "
            f"reconstructs far-field ptychography.",
            "Reconstruct it with a near-field (Fresnel) program; if it is far field, correct "
            "--distance-m, --detector-pixel-m or --positions.unit.",
        )


def check_probe(prepared: PreparedScan) -> Iterator[Finding]:
    """Look whether the first guess of the probe can belong to the patterns."""
    guess, header = prepared.guess, prepared.header
    if guess.origin is ProbeOrigin.ESTIMATED:
        yield warning(
            "probe_estimated",
            f"The scan has no probe; one was estimated from the mean pattern, curvature "
            f"{guess.facts.get('curvature', 'unknown')}.",
            "Refine the probe in the reconstruction, or give --probe.file or --probe.origin "
            "optics.",
        )
    edge = edge_energy_fraction(guess.modes)
    if edge > CUT_OFF:
        yield warning(
            "probe_cut_off",
            f"{edge:.0%} of the probe's energy lies at the edge of its array.",
            "Raise --n-px, or check the probe and --patterns.binning.",
        )
    beam = np.sqrt(np.sum(np.abs(propagate(guess.modes)) ** 2, axis=0))[header.good_pixels]
    seen = np.sqrt(prepared.statistics.mean[header.good_pixels])
    likeness = float(np.corrcoef(beam, seen)[0, 1])
    if likeness < UNLIKE:
        yield warning(
            "probe_unlike",
            f"The far field of the probe and the mean pattern correlate by {likeness:.2f} only.",
            "The probe may be that of another scan, geometry or crop: take --probe.origin "
            "estimated.",
        )
    shadows, diameter = prepared.central.shadows, guess.facts["diameter_px"]
    if shadows is not None and shadows.agreement > NEAR_FIELD_AGREEMENT:
        ratio = diameter / shadows.shown_px
        if not 1 / WRONG_SIZE < ratio < WRONG_SIZE:
            yield warning(
                "probe_size",
                f"The probe is {diameter:.1f} px wide, but the moving shadows show "
                f"{shadows.shown_px:.0f} px of the sample in every pattern.",
                "Take --probe.origin estimated, or the probe of this scan and geometry.",
            )


def check_orientation(prepared: PreparedScan, found: OrientationFits | None) -> Finding:
    """Turn the fits of all orientations into a finding."""
    if found is None:
        return info("orientation", "The orientation was not checked, as asked for.")
    verdict, ratio = found.verdict, found.misfit_ratio
    twin = (
        ""
        if found.twins_known
        else " Without a known probe an orientation cannot be told from its twin, turned by 180 "
        "degrees with the opposite curvature of the probe."
    )
    if verdict == AS_STATED:
        text = f"The orientation is as stated: over {found.n_patterns} patterns in the middle the "
        text += f"misfit is {ratio:.2f} times lower than with {found.best_other}.{twin}"
        return info("orientation", text)
    if verdict != "undecided":
        return error(
            "orientation",
            f"The scan fits better with {verdict}: over {found.n_patterns} patterns in the middle "
            f"the misfit is {1 / ratio:.2f} times lower than as stated.{twin}",
            f"{turned_options(prepared.params.positions, verdict)}; or turn the patterns.",
        )
    if found.best_other == TWIN and found.twin_likeness > ALIKE:
        return warning(
            "orientation",
            f"The orientation is undecided between {AS_STATED} and {TWIN}: the probe is "
            f"{found.twin_likeness:.0%} its own twin, as in focus, so the two fit alike "
            f"({ratio:.3f} times the misfit over {found.n_patterns} patterns). All others fit "
            f"worse.",
            "Scan out of focus to tell them apart; or compare both with what is known of the "
            "sample (--positions.negate-y --positions.negate-x).",
        )
    shadows, seen = prepared.central.shadows, ""
    if shadows is not None and shadows.agreement > SHADOWS_AGREE and shadows.crossed > CROSSED:
        seen = " The shadows move across the probe's movement, so axes may be swapped or negated."
    return warning(
        "orientation",
        f"The orientation is undecided: {found.best_other} fits about as well ({ratio:.3f} times "
        f"the misfit over {found.n_patterns} patterns).{seen}",
        "Compare short reconstructions with --positions.swap, --positions.negate-y and "
        "--positions.negate-x; more patterns or a better probe decide it too.",
    )


def turned_options(asked: PositionsParams, turn: str) -> str:
    """Return the options that turn the positions to an orientation, on top of those asked for."""
    swap = np.array([[0, 1], [1, 0]]) if asked.swap else np.eye(2)
    now = np.diag([-1.0 if asked.negate_y else 1.0, -1.0 if asked.negate_x else 1.0]) @ swap
    wanted = np.asarray(ORIENTATIONS[turn].matrix) @ now
    uses = (wanted[0, 0] == 0, *(wanted.sum(axis=1) < 0))
    if any(uses):
        return f"Give {_options(uses)}"
    return f"Leave out {_options((asked.swap, asked.negate_y, asked.negate_x))}"


def _options(uses: Iterable[bool]) -> str:
    names = ("swap", "negate-y", "negate-x")
    return " ".join(f"--positions.{name}" for name, use in zip(names, uses, strict=True) if use)
