"""What a training is made of: the lessons of its arm, and how they are judged."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.object_file import read_object
from tasks.core.study.arms import Arm
from tasks.core.study.stage_interface import StageFiles
from tasks.networks.batches import Canvas
from tasks.networks.exposures import Exposures
from tasks.networks.initial_guess import first_guess
from tasks.train.grouped_scan import hold_out
from tasks.train.losses import Objective, physics_loss, supervised_loss
from tasks.train.params import TrainingParams
from tasks.train.photon_thinning import ExposureSplits
from tasks.train.training_batches import Course, Lesson, physics_lesson, supervised_lesson

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


def empty_guess(_exposures: Exposures, canvas: Canvas) -> NDArray[np.complex64]:
    """Return a first guess for a network that makes its own, shape (H, W)."""
    return np.zeros(canvas.shape, dtype=np.complex64)
