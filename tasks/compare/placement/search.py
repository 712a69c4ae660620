"""The search for an object in another: coarse in all orientations and scales, then finer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tasks.compare.placement.neighbours import (
    Peak,
    ProductCorrelator,
    binned,
    neighbour_products,
    rescaled,
    turned_products,
)
from tasks.compare.placement.orientation import ORIENTATIONS, Orientation
from tasks.compare.placement.resampling import resampled
from tasks.core import Complex, Real
from tasks.core.files.object_file import ObjectWindow

COARSE_PX, FINE_PX = 128, 256
# An object is at least so many squares long, and a square at most so many pixels where the place
# must be known for a fit.
LEAST_SQUARES, LARGEST_SQUARE_PX = 32, 4
SCALE_STEP = 1.04
MOST_SCALE = 2.0


@dataclass(frozen=True)
class Pose:
    """How an object is laid over a base.

    Attributes:
        orientation: What is done to it first.
        scale: Side of its pixels over that of the base.
        origin: Place of its first pixel then, in pixels of the base (y, x).
        correlation: Correlation of its neighbour products with those of the base.
    """

    orientation: Orientation = ORIENTATIONS[0]
    scale: float = 1.0
    origin: tuple[float, float] = (0.0, 0.0)
    correlation: float = 0.0

    def lay(self, object_: Complex) -> ObjectWindow:
        """Return an object (h, w) on the pixels of the base."""
        turned = self.orientation.apply(object_)
        ramp = neighbour_products(turned)[1] if self.scale != 1 else np.zeros(2)
        return resampled(turned, self.scale, self.origin, ramp)


def scales_to_try() -> tuple[float, ...]:
    """Return scales from 1/2 to 2, in steps of 4 %."""
    reach = int(np.log(MOST_SCALE) / np.log(SCALE_STEP))
    return tuple(float(SCALE_STEP**step) for step in range(-reach, reach + 1))


@dataclass(frozen=True)
class Base:
    """An object that others are looked for in, shape (H, W), NaN where it is not known."""

    object_: Complex

    @cached_property
    def products(self) -> Complex:
        """Its neighbour products, shape (2, H, W)."""
        return neighbour_products(self.object_)[0]


def coarse_poses(
    base: Base,
    object_: Complex,
    scales: Sequence[float],
    orientations: Sequence[Orientation] = ORIENTATIONS,
) -> list[Pose]:
    """Return the best pose of some orientations at some scales, the best first.

    The object is (h, w), NaN where it is not known.
    """
    longest = max(scales) * max(object_.shape)
    largest = max(*base.object_.shape, longest) / COARSE_PX
    shortest = min(scales) * min(object_.shape) / LEAST_SQUARES
    factor = max(1, round(min(largest, shortest)))
    side = int(np.ceil(longest / factor)) + 1
    correlator = ProductCorrelator(binned(base.products, factor), (side, side))
    products = binned(neighbour_products(object_)[0], factor)
    found = []
    for orientation in orientations:
        turned = turned_products(products, orientation)
        peaks = [correlator.peak(rescaled(turned, scale)) for scale in scales]
        best = max(range(len(scales)), key=lambda at: peaks[at].correlation)
        found.append(_pose(orientation, scales[best], peaks[best], factor))
    return sorted(found, key=lambda pose: -pose.correlation)


def finer_pose(base: Base, object_: Complex, pose: Pose, *, fit_scale: bool) -> Pose:
    """Return a pose to a pixel or two, its scale to half a percent where it is free."""
    factor = min(max(1, round(max(base.object_.shape) / FINE_PX)), LARGEST_SQUARE_PX)
    products = binned(neighbour_products(pose.orientation.apply(object_))[0], factor)
    upright = binned(base.products, factor)
    if fit_scale:
        return _finer_scale(upright, products, pose, factor)
    moved = rescaled(products, pose.scale)
    peak = ProductCorrelator(upright, _shape(moved)).peak(moved)
    return _pose(pose.orientation, pose.scale, peak, factor)


def _finer_scale(upright: Complex, products: Complex, pose: Pose, factor: int) -> Pose:
    """Return the pose of the best scale nearby."""
    step = np.log(SCALE_STEP) / 2
    side = int(np.ceil(pose.scale * SCALE_STEP**2 * max(products.shape))) + 1
    correlator = ProductCorrelator(upright, (side, side))
    best = _pose(
        pose.orientation, pose.scale, correlator.peak(rescaled(products, pose.scale)), factor
    )
    while step > 2e-3:
        for sign in (-1, 1):
            scale = float(best.scale * np.exp(sign * step))
            peak = correlator.peak(rescaled(products, scale))
            if peak.correlation > best.correlation:
                best = _pose(pose.orientation, scale, peak, factor)
                break
        else:
            step /= 2
    return best


def _pose(orientation: Orientation, scale: float, peak: Peak, factor: int) -> Pose:
    """Return a pose from a peak among squares of so many pixels."""
    middle = (factor - 1) / 2 * (1 - scale)
    row, column = (float(place * factor + middle) for place in peak.origin)
    return Pose(orientation, scale, (row, column), peak.correlation)


def _shape(products: Complex) -> tuple[int, int]:
    _, height, width = products.shape
    return height, width


def corrected(pose: Pose, moved: Real, stretch: float, middle: Real) -> Pose:
    """Return a pose whose object was found moved, and more so away from a middle.

    Args:
        pose: The pose as it was.
        moved: How far content lies beyond its place in the base, at the middle (y, x) [px].
        stretch: How much further it lies a pixel away from the middle.
        middle: The middle in the base (y, x) [px].
    """
    origin = np.asarray(pose.origin)
    row, column = origin - moved - stretch * (origin - middle)
    return replace(pose, scale=pose.scale * (1 - stretch), origin=(float(row), float(column)))
