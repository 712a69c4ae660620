"""One step's worth of data for each arm: a group on its canvas, and what judges the network.

A lesson follows from its number alone, so a training that was interrupted goes on with the very
lessons that it would have had.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.object_file import ObjectWindow
from tasks.core.study.seeds import Purpose, spawn_sequence
from tasks.networks.batches import Batch, Canvas, as_pair, canvas_of, make_batch
from tasks.networks.exposures import zero_frequency_first
from tasks.train.groups import neighbour_groups
from tasks.train.photon_thinning import ExposureSplit, ExposureSplits

Lesson = Mapping[str, NDArray[np.generic]]
Lessons = Callable[[int], Lesson]


@dataclass(frozen=True)
class Course:
    """The groups of a scan, all on canvases of one shape, so that the step is traced once.

    Attributes:
        splits: Exposures to learn from, what of them is shown and what judges.
        groups: Scan indices of every group, shape (G, group_size).
        canvas_shape: Shape (H, W) of every group's canvas.
        seed: Root seed of the order.
    """

    splits: ExposureSplits
    groups: NDArray[np.intp]
    canvas_shape: tuple[int, int]
    seed: int

    @classmethod
    def of(cls, splits: ExposureSplits, group_size: int, seed: int) -> "Course":
        """Group the exposures."""
        exposures = splits.exposures
        groups = neighbour_groups(exposures.positions_px, group_size)
        shapes = [
            canvas_of(exposures.positions_px[group], exposures.n_px).shape for group in groups
        ]
        height, width = np.max(shapes, axis=0)
        return cls(splits, groups, (int(height), int(width)), seed)

    def group(self, number: int) -> tuple[NDArray[np.intp], Canvas]:
        """Return the group of a lesson and its canvas; every group comes once an epoch.

        Args:
            number: Number of the lesson, from 0.
        """
        epoch, place = divmod(number, len(self.groups))
        order = spawn_sequence(self.seed, Purpose.MINIBATCHES)
        rng = np.random.default_rng([*order.generate_state(4), epoch])
        group = self.groups[rng.permutation(len(self.groups))[place]]
        positions = self.splits.exposures.positions_px[group]
        return group, canvas_of(positions, self.splits.exposures.n_px, self.canvas_shape)


def shown_batch(split: ExposureSplit, group: NDArray[np.intp], canvas: Canvas) -> Batch:
    """Return what a network is shown of a group."""
    return make_batch(split.shown, group, canvas, split.start(canvas))


def physics_lesson(course: Course, number: int) -> Lesson:
    """Return a group judged by its own photons: all of them, or those that were not shown.

    Args:
        course: Groups of the training scan.
        number: Number of the lesson, from 0.

    Returns:
        Inputs of the network with `target_counts` and `target_scale`.
    """
    group, canvas = course.group(number)
    split = course.splits.split(number, len(group))
    batch = shown_batch(split, group, canvas)
    return batch.as_inputs() | {
        "target_counts": zero_frequency_first(split.judging(group)),
        "target_scale": np.array([split.judging_scale], dtype=np.float32),
    }


def supervised_lesson(course: Course, truth: ObjectWindow, number: int) -> Lesson:
    """Return a group judged by the true object, in proportion to the light that falls.

    The faint rim of a group cannot be known from it, and would otherwise outweigh its middle. A
    phase ramp cannot be known from diffraction either: the truth is given the first guess's.

    Args:
        course: Groups of the training scan.
        truth: True object; only the training scan's own canvases are read.
        number: Number of the lesson, from 0.

    Returns:
        Inputs of the network with `truth_real`, `truth_imaginary` and `truth_weight`.
    """
    group, canvas = course.group(number)
    batch = shown_batch(course.splits.split(number, len(group)), group, canvas)
    true_object = truth.cut(canvas.origin_px, canvas.shape)
    weight = np.where(np.isfinite(true_object), batch.coverage, 0.0).astype(np.float32)
    turned = in_gauge_of(np.nan_to_num(true_object), batch.start[0] + 1j * batch.start[1], weight)
    real, imaginary = as_pair(turned)
    return batch.as_inputs() | {
        "truth_real": real,
        "truth_imaginary": imaginary,
        "truth_weight": weight,
    }


def in_gauge_of(
    true_object: NDArray[np.complexfloating],
    guess: NDArray[np.complexfloating],
    weight: NDArray[np.floating],
) -> NDArray[np.complexfloating]:
    """Return the truth with the phase ramp that it lacks to follow a guess; it stays the truth.

    The ramp is the mean phase step of w O conj(T) from pixel to pixel along each axis.

    Args:
        true_object: True object T, shape (H, W).
        guess: First guess O, shape (H, W); zero everywhere asks for no ramp.
        weight: Weight w of every pixel, shape (H, W).
    """
    product = weight * guess * true_object.conj()
    step_y = np.angle(np.sum(product[1:] * product[:-1].conj()))
    step_x = np.angle(np.sum(product[:, 1:] * product[:, :-1].conj()))
    rows, columns = np.indices(true_object.shape)
    return np.asarray(true_object * np.exp(1j * (step_y * rows + step_x * columns)))
