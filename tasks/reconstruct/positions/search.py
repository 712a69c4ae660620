"""Finding positions that are wrong by up to the size of the probe: coarse to fine.

1. Held-out search. Half of the patterns give an object, and each pattern of the other half is
   looked for on it, on a grid. An object that a pattern has helped to make holds it where it is.
2. Joint steps. All patterns give the object, which goes on from round to round. Between its epochs
   the smooth part moves (`smooth_field`), then each position, on a grid and by Gauss and Newton.
   Patterns that fit much worse than most are looked for anew among their neighbours, and those
   that went far from all others go back to where the file has them.

The patterns are first cropped to the detector that holds nearly all light: larger object pixels.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tasks.core import Real64
from tasks.core.files.scan_record import Scan
from tasks.core.physics.probe import energy_diameter_px
from tasks.reconstruct.positions.joint_fit import JointFit
from tasks.reconstruct.positions.pattern_fit import Estimate, PatternFit
from tasks.reconstruct.positions.smooth_field import find_field, single_steps

HELD_OUT_ROUNDS, HELD_OUT_EPOCHS = 10, 4
COARSE_STEP_PX, COARSE_REACH_PX = 2, 8
STILL_PX, STALLED_RATIO = 0.7, 0.95
JOINT_ROUNDS, JOINT_EPOCHS, GRID_ROUNDS = 24, 3, 8
SETTLED_PX = 0.015
LONGEST_STEP_PX = 0.5
STRAY_DEVIATIONS = 4.0
MOST_STRAY, FEW_STRAY = 0.15, 0.03
STRAY_REACH_PX = 14
LOST_RATIO, LEAST_LOST_PX, LAST_ROUNDS = 5.0, 4.0, 3
NEIGHBOURS = 8

OnRound = Callable[[str, float], None]


@dataclass(frozen=True)
class Search:
    """What the search is run with.

    Attributes:
        batch_size: Patterns of one minibatch.
        torch_device: `cpu` or `cuda`.
        on_round: Is told what was done and how far positions moved (r.m.s.) [px of the
            cropped patterns' object].
    """

    batch_size: int
    seed: int
    torch_device: str
    on_round: OnRound

    def begin(self, scan: Scan) -> JointFit:
        """Return a fit of a scan from a flat object, its canvas a probe wider all round."""
        reach = energy_diameter_px(scan.probe)
        return JointFit(scan, reach, self.batch_size, self.seed, self.torch_device)


def find_coarse(scan: Scan, patterns: PatternFit, search: Search) -> Real64:
    """Return positions (J, 2) by the held-out search, to about a pixel; a few stay wrong."""
    rng = np.random.default_rng(search.seed)
    positions = scan.positions_px
    offsets, before = _grid(COARSE_REACH_PX, COARSE_STEP_PX), np.inf
    for _ in range(HELD_OUT_ROUNDS):
        found = positions.copy()
        halves = np.array_split(rng.permutation(len(scan)), 2)
        for learned, sought in (halves, halves[::-1]):
            fit = search.begin(part_of(scan, positions, np.sort(learned)))
            fit.run(HELD_OUT_EPOCHS)
            misfits = patterns.part(sought).misfits_beside(
                fit.estimate(), positions[sought], offsets
            )
            found[sought] += offsets[misfits.argmin(axis=1)]
        moved = _rms(found - positions)
        positions = found - np.mean(found - scan.positions_px, axis=0)
        search.on_round("positions, single patterns held out", moved)
        if moved < STILL_PX or moved > STALLED_RATIO * before:
            break
        before = moved
    return positions


def find_fine(scan: Scan, start_px: Real64, patterns: PatternFit, search: Search) -> Real64:
    """Return positions (J, 2) by joint steps from others near to them."""
    fit, spacing = search.begin(scan), energy_diameter_px(scan.probe)
    fit.move(start_px)
    near = _grid(2, 1)
    for number in range(JOINT_ROUNDS):
        fit.run(JOINT_EPOCHS)
        before = fit.positions_px
        if number % 2:
            fit.move(_mend_strays(fit, scan.positions_px, patterns))
        if 0 < number < GRID_ROUNDS:
            misfits = patterns.misfits_beside(fit.estimate(), fit.positions_px, near)
            fit.move(fit.positions_px + near[misfits.argmin(axis=1)])
        _newton_step(fit, patterns, spacing)
        moved = _rms(fit.positions_px - before)
        search.on_round("positions, smooth part and single ones", moved)
        if number >= 2 and moved < SETTLED_PX:
            break
    lost = _lost(fit.positions_px - scan.positions_px)
    if lost.any():
        middle = np.median(fit.positions_px - scan.positions_px, axis=0)
        fit.move(np.where(lost[:, None], scan.positions_px + middle, fit.positions_px))
        for _ in range(LAST_ROUNDS):
            fit.run(JOINT_EPOCHS)
            _newton_step(fit, patterns, spacing)
    return fit.positions_px


def _newton_step(fit: JointFit, patterns: PatternFit, spacing_px: float) -> None:
    """Move object and positions by the smooth field, and each position by a step of its own."""
    estimate, positions = fit.estimate(), fit.positions_px
    equations = patterns.equations(estimate, positions)
    field, strains = find_field(equations, positions, spacing_px)
    steps = single_steps(equations, strains)
    fit.move(positions + field.at(positions) + np.clip(steps, -LONGEST_STEP_PX, LONGEST_STEP_PX))
    fit.replace_object(field.carry(estimate))


def _mend_strays(fit: JointFit, nominal_px: Real64, patterns: PatternFit) -> Real64:
    """Return positions; those that fit badly are looked for where their neighbours went."""
    positions, estimate = fit.positions_px.copy(), fit.estimate()
    none = np.zeros((1, 2), dtype=np.intp)
    own = patterns.misfits_beside(estimate, positions, none)[:, 0]
    shares = own / np.maximum(patterns.photons, 1.0)
    middle = np.median(shares)
    limit = middle + STRAY_DEVIATIONS * 1.48 * np.median(np.abs(shares - middle))
    order = np.argsort(-shares)[: int(MOST_STRAY * len(shares))]
    strays = order[shares[order] > limit]
    if not len(strays) or len(strays) + NEIGHBOURS > len(positions):
        return positions
    others = np.setdiff1d(np.arange(len(positions)), strays)
    _, nearest = cKDTree(nominal_px[others]).query(nominal_px[strays], NEIGHBOURS)
    moved = positions - nominal_px
    start = nominal_px[strays] + np.median(moved[others][nearest], axis=1)
    few = patterns.part(strays)
    offsets = _grid(STRAY_REACH_PX, 1 if len(strays) <= FEW_STRAY * len(shares) else 2)
    found, misfits = _best_of(few, estimate, start, offsets)
    found, misfits = _best_of(few, estimate, found, _grid(1, 1))
    better = misfits < own[strays]
    positions[strays[better]] = found[better]
    return positions


def _lost(moved_px: Real64) -> NDArray[np.bool_]:
    """Tell which positions went much further than most: outside, a pattern fits by itself alone."""
    distances = np.hypot(*(moved_px - np.median(moved_px, axis=0)).T)
    return np.asarray(distances > max(LOST_RATIO * float(np.median(distances)), LEAST_LOST_PX))


def _best_of(
    patterns: PatternFit, estimate: Estimate, start_px: Real64, offsets: NDArray[np.intp]
) -> tuple[Real64, NDArray[np.float32]]:
    misfits = patterns.misfits_beside(estimate, start_px, offsets)
    return start_px + offsets[misfits.argmin(axis=1)], misfits.min(axis=1)


def _grid(reach_px: int, step_px: int) -> NDArray[np.intp]:
    """Return whole offsets (K, 2) in a square, the middle first: it wins a tie."""
    axis = np.arange(-reach_px, reach_px + 1, step_px)
    offsets = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    return offsets[np.argsort(np.abs(offsets).sum(axis=1), kind="stable")]


def part_of(scan: Scan, positions_px: Real64, chosen: NDArray[np.intp]) -> Scan:
    """Return some patterns of a scan at positions (J, 2) [px], which are those of all."""
    counts = scan.diffraction_counts[chosen]
    return replace(scan, positions_px=positions_px[chosen], diffraction_counts=counts)


def _rms(moved_px: Real64) -> float:
    return float(np.sqrt(np.mean(moved_px**2)))
