"""The search for an object in another: coarse in all orientations and scales, then finer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tasks.compare.placement.neighbours import (
    Peak,
    ProductCorrelator,
    binned,
    rescaled,
    turned_products,
)
from tasks.compare.placement.orientation import ORIENTATIONS, Orientation
from tasks.compare.placement.pose import ObjectFeatures, Pose
from tasks.core import Complex

COARSE_PX, FINE_PX = 128, 256
# An object is at least so many squares long, and a square at most so many pixels where the place
# must be known for a fit.
LEAST_SQUARES, LARGEST_SQUARE_PX = 32, 4
SCALE_STEP = 1.04
MOST_SCALE = 2.0
# First and last step of the logarithm of a scale, among coarse squares and among fine ones.
COARSE_STEPS, FINE_STEPS = (0.02, 0.01), (0.005, 0.0025)
# A climb goes up to so many times its first scale.
CLIMB_REACH, FINE_REACH = 1.3, 1.1


def scales_to_try() -> tuple[float, ...]:
    """Return scales from 1/2 to 2, in steps of 4 %."""
    reach = int(np.log(MOST_SCALE) / np.log(SCALE_STEP))
    return tuple(float(SCALE_STEP**step) for step in range(-reach, reach + 1))


@dataclass(frozen=True)
class _Squares:
    """A base and what is sought in it, in squares of so many pixels."""

    base: ObjectFeatures
    sought: ObjectFeatures
    factor: int
    largest_scale: float

    @classmethod
    def coarse(
        cls, base: ObjectFeatures, sought: ObjectFeatures, scales: Sequence[float]
    ) -> "_Squares":
        """Return squares as large as will do, for some scales."""
        largest = max(*base.object_.shape, max(scales) * max(sought.object_.shape)) / COARSE_PX
        shortest = min(scales) * min(sought.object_.shape) / LEAST_SQUARES
        return cls(base, sought, max(1, round(min(largest, shortest))), max(scales))

    @classmethod
    def fine(cls, base: ObjectFeatures, sought: ObjectFeatures, scale: float) -> "_Squares":
        """Return squares small enough to know a place by."""
        factor = min(max(1, round(max(base.object_.shape) / FINE_PX)), LARGEST_SQUARE_PX)
        return cls(base, sought, factor, scale * FINE_REACH)

    @cached_property
    def correlator(self) -> ProductCorrelator:
        """What finds products of the largest scale in those of the base."""
        longest = self.largest_scale * max(self.sought.object_.shape)
        return self.base.correlator(self.factor, int(np.ceil(longest / self.factor)) + 1)

    def turned(self, products: Complex, turn: Orientation) -> Complex:
        """Return products of the object in squares as those of another orientation."""
        return turned_products(products, replace(turn, is_conjugated=False), self.factor)

    def poses(self, products: Complex, turn: Orientation, scale: float) -> tuple[Pose, Pose]:
        """Return the best pose of turned and rescaled products, and of their conjugates."""
        peaks = self.correlator.peaks(products)
        upright, twin = (
            self._pose(replace(turn, is_conjugated=conjugated), scale, peak)
            for conjugated, peak in zip((False, True), peaks, strict=True)
        )
        return upright, twin

    def climbed(
        self, pose: Pose, steps: tuple[float, float], orientations: Sequence[Orientation]
    ) -> Pose:
        """Return the pose whose scale correlates best, uphill from a pose in ever smaller steps."""
        turn = pose.orientation
        turned = self.turned(binned(self.sought.products, self.factor), turn)

        def best_at(scale: float) -> Pose:
            poses = self.poses(rescaled(turned, scale), turn, scale)
            allowed = [one for one in poses if one.orientation in orientations]
            return max(allowed, key=lambda one: one.correlation)

        best, (step, least), sign = best_at(pose.scale), steps, 1
        while step >= least:
            for _ in range(2):
                scale = float(best.scale * np.exp(sign * step))
                if scale <= self.largest_scale:
                    trial = best_at(scale)
                    if trial.correlation > best.correlation:
                        best = trial
                        break
                sign = -sign
            else:
                step /= 2
        return best

    def _pose(self, orientation: Orientation, scale: float, peak: Peak) -> Pose:
        middle = (self.factor - 1) / 2 * (1 - scale)
        row, column = (float(place * self.factor + middle) for place in peak.origin)
        return Pose(orientation, scale, (row, column), peak.correlation)


def coarse_poses(
    base: ObjectFeatures,
    sought: ObjectFeatures,
    scales: Sequence[float],
    orientations: Sequence[Orientation] = ORIENTATIONS,
) -> list[Pose]:
    """Return the best pose of some orientations at some scales, the best first."""
    squares = _Squares.coarse(base, sought, scales)
    products = binned(sought.products, squares.factor)
    best: dict[Orientation, Pose] = {}
    turns = dict.fromkeys(replace(one, is_conjugated=False) for one in orientations)
    for scale in scales:
        # Turned after it was rescaled, and so to a square: a third of the time of a wide search.
        upright = rescaled(products, scale)
        for turn in turns:
            for pose in squares.poses(squares.turned(upright, turn), turn, scale):
                rival = best.setdefault(pose.orientation, pose)
                if pose.correlation > rival.correlation:
                    best[pose.orientation] = pose
    # Of equals the first orientation is taken.
    return sorted((best[one] for one in orientations), key=lambda pose: -pose.correlation)


def climbed_pose(
    base: ObjectFeatures, sought: ObjectFeatures, pose: Pose, orientations: Sequence[Orientation]
) -> Pose:
    """Return the pose of the best scale near that of a pose, to half a percent.

    It is conjugated or not as it fits better, where both are among the orientations.
    """
    coarse = _Squares.coarse(base, sought, (pose.scale,))
    coarse = replace(coarse, largest_scale=pose.scale * CLIMB_REACH)
    found = coarse.climbed(pose, COARSE_STEPS, orientations)
    fine = _Squares.fine(base, sought, found.scale)
    return fine.climbed(found, FINE_STEPS, orientations)


def finer_pose(base: ObjectFeatures, sought: ObjectFeatures, pose: Pose) -> Pose:
    """Return a pose to a pixel or two."""
    squares = _Squares.fine(base, sought, pose.scale)
    turned = squares.turned(binned(sought.products, squares.factor), pose.orientation)
    poses = squares.poses(rescaled(turned, pose.scale), pose.orientation, pose.scale)
    return poses[pose.orientation.is_conjugated]
