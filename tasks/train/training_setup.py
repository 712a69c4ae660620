"""What a training is made of: the lessons of its arm, and how they are judged.

A lesson follows from its number alone, so a training that was interrupted goes on with the very
lessons that it would have had.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.object_file import ObjectWindow, read_object
from tasks.core.geometry.scan_box import Window
from tasks.core.study.arms import Arm
from tasks.core.study.stage_interface import StageFiles
from tasks.networks.batches import Batch, as_pair, make_batch
from tasks.networks.exposures import Exposures, zero_frequency_first
from tasks.networks.initial_guess import first_guess
from tasks.train.grouped_scan import Course, hold_out
from tasks.train.losses import Objective, physics_loss, supervised_loss
from tasks.train.params import TrainingParams
from tasks.train.photon_thinning import ExposureSplit, ExposureSplits

Lesson = Mapping[str, NDArray[np.generic]]
Lessons = Callable[[int], Lesson]

HELD_OUT_LESSONS = 2
LABELS = ("truth", "labels")
LOSS_NAMES = {
    Arm.PTYCHOPINN: "misfit of the photons per pixel",
    Arm.BASELINE: "mean distance to the truth",
}


@dataclass(frozen=True)
class Syllabus:
    """What a network learns, and from which groups.

    Attributes:
        course: Groups to learn from.
        judging_course: Groups of the exposures that are held out; none where there are none.
        lesson: Makes the lesson of a number on a course.
        objective: What is minimised.
    """

    course: Course
    judging_course: Course | None
    lesson: Callable[[Course, int], Lesson]
    objective: Objective

    @classmethod
    def of(
        cls,
        params: TrainingParams,
        files: StageFiles,
        exposures: Exposures,
        thinning: float,
        needs_start: bool,
    ) -> "Syllabus":
        """Return what an arm learns from a scan.

        Raises:
            ValueError: If the files do not fit the arm, or the scan has too few patterns.
        """
        guess = first_guess if needs_start else empty_guess
        splits = ExposureSplits(exposures, thinning, guess, params.seed)
        if params.arm is Arm.BASELINE:
            named = [name for name in LABELS if name in files.inputs]
            if len(named) != 1:
                raise ValueError(
                    "The Baseline learns from the truth: name it as input `truth`, or, if nobody "
                    "knows it, what a solver made of the scan as input `labels`; not both."
                )
            truth = read_object(files.inputs[named[0]])

            def labelled(course: Course, number: int) -> Lesson:
                return supervised_lesson(course, truth, number)

            lesson, objective = labelled, supervised_loss
        else:
            if any(name in files.inputs for name in LABELS):
                raise ValueError(
                    "PtychoPINN learns from diffraction alone: do not give it the input `truth` "
                    "or `labels`."
                )
            lesson, objective = (
                physics_lesson,
                partial(physics_loss, likelihood=params.likelihood),
            )
        course = Course.of(splits, params.group_size, params.seed)
        return cls(*hold_out(course, params.holdout_fraction), lesson, objective)

    def lessons(self, number: int) -> Lesson:
        """Return the lesson of a number, from 0."""
        return self.lesson(self.course, number)

    def held_out_lessons(self) -> list[Lesson]:
        """Return a few lessons of the held-out exposures, always the same."""
        if self.judging_course is None:
            return []
        course = self.judging_course
        numbers = range(min(HELD_OUT_LESSONS, len(course.groups)))
        return [self.lesson(course, number) for number in numbers]

    def n_held_out(self) -> int:
        """Return the number of exposures that no lesson learns from."""
        if self.judging_course is None:
            return 0
        return len(self.course.splits.exposures) - len(np.unique(self.course.groups))


def shown_batch(split: ExposureSplit, group: NDArray[np.intp], canvas: Window) -> Batch:
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
    true_object = truth.cut(canvas)
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


def empty_guess(_exposures: Exposures, canvas: Window) -> NDArray[np.complex64]:
    """Return a first guess for a network that makes its own, shape (H, W)."""
    return np.zeros(canvas.shape, dtype=np.complex64)
