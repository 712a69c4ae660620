"""Whether other positions fit a scan better than those of its file, beyond noise, and which.

Both are judged by patterns that did not help to make the object: it is made anew of three quarters
of the patterns, at the positions of the file and at those that were found.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from tasks.core import Real64
from tasks.core.files.scan_record import Scan
from tasks.core.physics.probe import energy_diameter_px
from tasks.core.study.seeds import Purpose, spawn_integer
from tasks.reconstruct.params import ReferenceParams
from tasks.reconstruct.positions.joint_fit import cropped, side_of_light
from tasks.reconstruct.positions.pattern_fit import PatternFit
from tasks.reconstruct.positions.search import NEIGHBOURS, Search, find_coarse, find_fine, part_of
from tasks.reconstruct.ptychi_solver import prepare_torch

JUDGING_EPOCHS, EVERY = 16, 4
FEWEST_PATTERNS = 36
SIGMAS = 3.0
# Of the probe's diameter: how far apart neighbours may be moved, r.m.s.
TRUSTED_SHARE = 0.25
REFINED, KEPT = "refined", "kept"


@dataclass(frozen=True)
class FoundPositions:
    """The positions (y, x) to use [px], shape (J, 2), and how they were chosen, as JSON."""

    positions_px: Real64
    record: dict[str, Any]

    @property
    def text(self) -> str:
        """Return what was decided, for people."""
        if "reason" in self.record:
            return f"positions kept: {self.record['reason']}."
        before, after = self.record["misfit_per_px"]
        moved = self.record["moved_rms_px"]
        how = f"misfit of patterns held out {before:.4g} -> {after:.4g}, as moved {moved:.2f} px"
        return f"positions {self.record['decision']}: {how} r.m.s."


def choose_positions(
    scan: Scan, params: ReferenceParams, say: Callable[[str], None], n_threads: int = 1
) -> FoundPositions:
    """Return positions for a checked scan, as the parameters ask for.

    `say` is told of every round of the search, and what was decided. Errors as `find_positions`.
    """
    if params.refine_positions is False:
        return _kept(scan, {"reason": "as asked for"})
    search = Search(
        batch_size=params.batch_size,
        seed=spawn_integer(params.seed, Purpose.MINIBATCHES),
        torch_device=prepare_torch(params.device, n_threads),
        on_round=lambda what, moved: say(f"{what}: moved {moved:.2f} px r.m.s."),
    )
    found = find_positions(scan, search, is_forced=params.refine_positions is True)
    say(found.text)
    return found


def find_positions(scan: Scan, search: Search, *, is_forced: bool = False) -> FoundPositions:
    """Look for positions that fit better, and choose.

    Args:
        scan: A checked scan, its probe as it is known.
        search: Minibatches, seed, device, and who is told of every round.
        is_forced: Take what is found even if it fits no better.

    Raises:
        FloatingPointError: If the search diverges and its positions are wanted in any case.
    """
    if len(scan) < FEWEST_PATTERNS:
        reason = f"{len(scan)} patterns are too few to judge others, at least {FEWEST_PATTERNS}"
        return _kept(scan, {"reason": reason})
    n_px = side_of_light(scan)
    small = cropped(scan, n_px)
    patterns = PatternFit.of(small)
    found = find_fine(small, find_coarse(small, patterns, search), patterns, search)
    if not np.isfinite(found).all():
        if is_forced:
            raise FloatingPointError(
                "The search for positions diverged. Leave --measured.reference.refine-positions "
                "out, or give a better first guess of the probe."
            )
        return _kept(scan, {"reason": "the search for others diverged"})
    found = small.positions_px + _centred(found - small.positions_px)
    judgement = _judge(small, found, patterns, search)
    moved = (judgement.positions_px - small.positions_px) * (scan.n_px / n_px)
    facts: dict[str, Any] = {"detector_px": n_px, **judgement.facts, **_facts_of(scan, moved)}
    roughness_px = facts["moved_from_neighbours_rms_px"]
    trusted_px = energy_diameter_px(scan.probe) * TRUSTED_SHARE
    if is_forced or (roughness_px <= trusted_px and facts["gain_over_its_error"] > SIGMAS):
        return FoundPositions(scan.positions_px + moved, {"decision": REFINED} | facts)
    if roughness_px > trusted_px:
        facts["reason"] = (
            f"those found move neighbours apart by {roughness_px:.3g} px r.m.s., more than can be "
            f"trusted ({trusted_px:.3g} px, a quarter of the probe's diameter)"
        )
    return _kept(scan, facts)


class _Judgement(NamedTuple):
    """Positions of a cropped scan (J, 2) [px], and how well they and the file's fit, as JSON."""

    positions_px: Real64
    facts: dict[str, Any]


def _judge(scan: Scan, found_px: Real64, patterns: PatternFit, search: Search) -> _Judgement:
    """Return what was found with its common scale and rotation where these pay, else without."""
    # A probe that is free makes up for a little scale or rotation.
    alike = found_px - _linear_part(scan.positions_px, found_px)
    before, without, with_it = (
        _held_out(scan, at, patterns, search) for at in (scan.positions_px, alike, found_px)
    )
    n_good = float(patterns.good.sum())
    has_linear = _gain_over_its_error(without, with_it, n_good) > SIGMAS
    after, taken = (with_it, found_px) if has_linear else (without, alike)
    facts = {
        "n_held_out": len(before),
        "misfit_per_px": [float(before.mean()) / n_good, float(after.mean()) / n_good],
        "gain_over_its_error": _gain_over_its_error(before, after, n_good),
    }
    return _Judgement(taken, facts)


def _facts_of(scan: Scan, moved_px: Real64) -> dict[str, float]:
    """Return how far positions would move, as JSON."""
    return {
        "moved_rms_px": _rms_distance(moved_px),
        "moved_largest_px": float(np.sqrt(np.sum(moved_px**2, axis=1)).max()),
        "moved_from_neighbours_rms_px": _roughness_px(scan.positions_px, moved_px),
        **_scale_and_rotation(scan.positions_px, moved_px),
    }


def _gain_over_its_error(before: Real64, after: Real64, n_good: float) -> float:
    """Return by how many standard errors the misfits of patterns fell beyond noise.

    Two coordinates of a pattern that are free lower its misfit by as much as two pixels have.
    """
    gain = before - after
    spread = float(np.std(gain, ddof=1) / np.sqrt(len(gain)))
    return (float(gain.mean()) - 2 * float(after.mean()) / n_good) / max(spread, 1e-30)


def _kept(scan: Scan, facts: dict[str, Any]) -> FoundPositions:
    return FoundPositions(scan.positions_px, {"decision": KEPT} | facts)


def _held_out(scan: Scan, positions_px: Real64, patterns: PatternFit, search: Search) -> Real64:
    """Return the misfits of a quarter of the patterns to the object of the others."""
    numbers = np.arange(len(scan))
    learned, sought = numbers[numbers % EVERY > 0], numbers[numbers % EVERY == 0]
    fit = search.begin(part_of(scan, positions_px, learned))
    fit.run(JUDGING_EPOCHS)
    none = np.zeros((1, 2), dtype=np.intp)
    found = patterns.part(sought).misfits_beside(fit.estimate(), positions_px[sought], none)
    return np.asarray(found[:, 0], dtype=np.float64)


def _roughness_px(positions_px: Real64, moved_px: Real64) -> float:
    """Return the r.m.s. distance of changes from those of the nearest positions [px]."""
    _, nearest = cKDTree(positions_px).query(positions_px, NEIGHBOURS + 1)
    return _rms_distance(moved_px - moved_px[nearest[:, 1:]].mean(axis=1))


def _centred(moved_px: Real64) -> Real64:
    return np.asarray(moved_px - moved_px.mean(axis=0))


def _rms_distance(moved_px: Real64) -> float:
    return float(np.sqrt(np.mean(np.sum(moved_px**2, axis=1))))


def _matrix(positions_px: Real64, moved_px: Real64) -> Real64:
    """Return the linear map (2, 2) of positions that is nearest to a change."""
    return np.asarray(np.linalg.lstsq(_centred(positions_px), moved_px, rcond=None)[0])


def _linear_part(positions_px: Real64, found_px: Real64) -> Real64:
    """Return the part of a change that is one of scale, rotation and shear, (J, 2) [px]."""
    matrix = _matrix(positions_px, found_px - positions_px)
    return np.asarray(_centred(positions_px) @ matrix)


def _scale_and_rotation(positions_px: Real64, moved_px: Real64) -> dict[str, float]:
    """Return what of a change is common to all positions."""
    matrix = _matrix(positions_px, moved_px)
    return {
        "scale_change": float(np.trace(matrix)) / 2,
        "rotation_deg": float(np.degrees((matrix[0, 1] - matrix[1, 0]) / 2)),
    }
