"""The poses of an object in a base that fit best: coarse, then at small squares, then fitted."""

from collections.abc import Sequence
from dataclasses import replace

from tasks.compare.alignment.gauge import NEAR_TOLERANCE_PX
from tasks.compare.placement.fitting import (
    Fit,
    central_fit,
    correlation_of,
    fitted_place,
    fitted_scale,
)
from tasks.compare.placement.orientation import Orientation
from tasks.compare.placement.pose import ObjectFeatures, Pose
from tasks.compare.placement.search import (
    climbed_pose,
    coarse_poses,
    finer_pose,
    scales_to_try,
)

# Objects that fit so well at equal pixels are not looked for at others, nor are those whose
# products correlate so well before that.
GOOD_CORRELATION, LIKELY_CORRELATION = 0.6, 0.5
# Below so much of the best correlation another turn's scale is not looked for.
NEARLY, N_STARTS = 0.7, 2
# So many other orientations are held against the best one.
N_RIVALS = 4


def best_fits(
    base: ObjectFeatures,
    sought: ObjectFeatures,
    scale: float | None,
    orientations: Sequence[Orientation],
) -> list[Fit]:
    """Return the pose that fits best, and those of other orientations that come next.

    Args:
        base: The object that it is held against.
        sought: What is looked for.
        scale: Side of its pixels over that of the base; fitted if None.
        orientations: The orientations that it may have.

    Returns:
        Poses and how well they fit, -1 to 1, the best first; only that of the first is fitted.
    """
    is_free = scale is None
    poses = coarse_poses(base, sought, (scale or 1.0,), orientations)
    if is_free and poses[0].correlation < LIKELY_CORRELATION:
        poses = coarse_poses(base, sought, scales_to_try(), orientations)
    best = _best(base, sought, poses, orientations, is_free)
    if is_free and best[1] < GOOD_CORRELATION:
        poses = coarse_poses(base, sought, scales_to_try(), orientations)
        wide = _best(base, sought, poses, orientations, is_free)
        best = max(best, wide, key=lambda fit: fit[1])
    rivals = _rivals(base, sought, best[0], orientations)
    if rivals and rivals[0][1] > best[1]:
        better = _fitted(base, sought, rivals[0][0], is_free)
        if better[1] > best[1]:
            best, rivals[0] = better, best
    return [best, *rivals]


def _best(
    base: ObjectFeatures,
    sought: ObjectFeatures,
    poses: Sequence[Pose],
    orientations: Sequence[Orientation],
    is_free: bool,
) -> Fit:
    """Return the best pose that those of a coarse search lead to."""
    if not is_free:
        return _fitted(base, sought, finer_pose(base, sought, poses[0]), is_free)
    least, twin = NEARLY * poses[0].correlation, poses[0].orientation.twin
    starts = [pose for pose in poses if pose.correlation >= least and pose.orientation != twin]
    climbed = [climbed_pose(base, sought, pose, orientations) for pose in starts[:N_STARTS]]
    return _fitted(base, sought, max(climbed, key=lambda pose: pose.correlation), is_free)


def _fitted(base: ObjectFeatures, sought: ObjectFeatures, pose: Pose, is_free: bool) -> Fit:
    """Return a pose that is known to a pixel or two as it fits best."""
    if not is_free:
        return fitted_place(base.object_, sought, pose)
    pose = fitted_scale(base.object_, sought, pose)
    return pose, correlation_of(central_fit(base.object_, sought, pose))


def _rivals(
    base: ObjectFeatures, sought: ObjectFeatures, best: Pose, orientations: Sequence[Orientation]
) -> list[Fit]:
    """Return other orientations at the scale of the best one, the one that fits best first.

    The twin lies where the best one does; the others where their products correlate best.
    """
    others = [one for one in orientations if one != best.orientation]
    if not others:
        return []
    poses = coarse_poses(base, sought, (best.scale,), others)[:N_RIVALS]
    fits = []
    for pose in poses:
        is_twin = pose.orientation == best.orientation.twin
        placed = (
            replace(best, orientation=pose.orientation)
            if is_twin
            else finer_pose(base, sought, pose)
        )
        fit = central_fit(base.object_, sought, placed, NEAR_TOLERANCE_PX)
        if fit is not None:
            fits.append((placed, fit.correlation))
    return sorted(fits, key=lambda fit: -fit[1])
