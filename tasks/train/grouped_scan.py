"""A compact block of the training scan that is put aside, to see when training stops helping."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tasks.train.training_batches import Course

LARGEST_LOSS_OF_GROUPS = 0.5


def hold_out(course: Course, fraction: float) -> tuple[Course, Course | None]:
    """Split the groups of a course in those to learn from and those to judge by.

    The block lies in the corner of the scan with the smallest coordinates. Groups are those of the
    whole scan, so all keep their compact shape; one that touches the block without lying in it
    belongs to neither part.

    Args:
        course: Groups of the training scan.
        fraction: Share of the exposures to hold out; 0 holds out none.

    Returns:
        Groups that hold no held-out exposure, and groups of held-out exposures alone. Without the
        latter, if the scan is so small that more than half of the groups would be lost.
    """
    if fraction <= 0:
        return course, None
    is_held = _corner_block(course, fraction)
    held_members = is_held[course.groups]
    is_training = ~held_members.any(axis=1)
    if is_training.mean() < 1 - LARGEST_LOSS_OF_GROUPS:
        return course, None
    held = np.unique(course.groups[held_members.all(axis=1)], axis=0)
    return replace(course, groups=course.groups[is_training]), replace(course, groups=held)


def _corner_block(course: Course, fraction: float) -> NDArray[np.bool_]:
    """Return which exposures are held out, shape (J,): at least one whole group."""
    positions = course.splits.exposures.positions_px
    from_corner = np.max(positions - positions.min(axis=0), axis=1)
    order = np.argsort(from_corner, kind="stable")
    is_held = np.zeros(len(positions), dtype=np.bool_)
    is_held[order[: int(np.ceil(fraction * len(positions)))]] = True
    is_held[course.groups[order[0]]] = True
    return is_held
