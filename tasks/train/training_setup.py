"""What a training is made of: the batches of its arm, those of its validation, and its objective.

A batch follows from its number alone, so a training that was interrupted goes on with the very
batches that it would have had.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.object_file import ObjectWindow, read_object
from tasks.core.study.stage_record import StageFiles
from tasks.networks.batches import as_pair
from tasks.networks.exposures import Exposures, zero_frequency_first
from tasks.networks.initial_guess import initial_guess
from tasks.train.grouped_scan import GroupedScan, hold_out
from tasks.train.losses import physics_loss, supervised_loss
from tasks.train.params import TrainingParams
from tasks.train.photon_thinning import PhotonThinning
from tasks.train.trainer import Objective, TrainingBatch

VALIDATION_BATCHES = 2
LABELS = ("truth", "labels")
LOSS_NAMES = {
    "diffraction": "misfit of the photons per pixel",
    "labels": "mean distance to the truth",
}


@dataclass(frozen=True)
class TrainingSetup:
    """What a network learns, and from which groups.

    Attributes:
        scan: Groups to learn from.
        validation_scan: Groups of the exposures that are held out; none where there are none.
        batch_of: Makes the batch of a number from a scan.
        objective: What is minimised.
    """

    scan: GroupedScan
    validation_scan: GroupedScan | None
    batch_of: Callable[[GroupedScan, int], TrainingBatch]
    objective: Objective

    @classmethod
    def of(
        cls,
        params: TrainingParams,
        files: StageFiles,
        exposures: Exposures,
        shown_fraction: float,
        needs_initial_guess: bool,
    ) -> "TrainingSetup":
        """Return what an arm learns from a scan, with or without an initial guess.

        ValueError if the files do not fit the arm, or the scan has too few patterns.
        """
        guess = initial_guess if needs_initial_guess else None
        thinning = PhotonThinning(exposures, shown_fraction, guess, params.seed)
        true_object = _labels(params, files)
        if true_object is None:
            batch_of: Callable[[GroupedScan, int], TrainingBatch] = physics_batch
            objective: Objective = partial(physics_loss, likelihood=params.likelihood)
        else:
            batch_of, objective = partial(supervised_batch, true_object), supervised_loss
        scan = GroupedScan.of(thinning, params.group_size, params.seed)
        return cls(*hold_out(scan, params.holdout_fraction), batch_of, objective)

    def training_batch(self, number: int) -> TrainingBatch:
        """Return the batch of a step by its number, from 0."""
        return self.batch_of(self.scan, number)

    def validation_batches(self) -> list[TrainingBatch]:
        """Return a few batches of the held-out exposures, always the same."""
        scan = self.validation_scan
        if scan is None:
            return []
        numbers = range(min(VALIDATION_BATCHES, len(scan.groups)))
        return [self.batch_of(scan, number) for number in numbers]

    def n_held_out(self) -> int:
        """Return the number of exposures that no step learns from."""
        if self.validation_scan is None:
            return 0
        return len(self.scan.exposures) - len(np.unique(self.scan.groups))


def _labels(params: TrainingParams, files: StageFiles) -> ObjectWindow | None:
    """Return the labels; none for a network that learns without, and must not have them."""
    named = [name for name in LABELS if name in files.inputs]
    has_labels = params.learns_from == "labels"
    if has_labels and len(named) != 1:
        raise ValueError(
            f"The {params.arm} learns from the truth: name it as input `truth`, or, if nobody "
            "knows it, what a solver made of the scan as input `labels`; not both."
        )
    if named and not has_labels:
        raise ValueError(
            f"{params.arm} learns from diffraction alone: do not give it the input `truth` "
            "or `labels`."
        )
    return read_object(files.inputs[named[0]]) if named else None


def physics_batch(scan: GroupedScan, number: int) -> TrainingBatch:
    """Return a group whose target are its photons: all of them, or those that were not shown."""
    group, canvas = scan.group(number)
    thinned = scan.thinning.at(number, len(group))
    return thinned.inputs(group, canvas) | {
        "target_counts": zero_frequency_first(thinned.target_counts(group)),
        "target_scale": np.array([thinned.target_scale], dtype=np.float32),
    }


def supervised_batch(truth: ObjectWindow, scan: GroupedScan, number: int) -> TrainingBatch:
    """Return a group whose target is the true object, in proportion to the light that falls.

    The faint rim of a group cannot be known from it, and would otherwise outweigh its middle. A
    phase ramp cannot be known from diffraction either: the truth is given the initial guess's.
    """
    group, canvas = scan.group(number)
    inputs = scan.thinning.at(number, len(group)).inputs(group, canvas)
    true_object = truth.cut(canvas)
    weight = np.where(np.isfinite(true_object), inputs["coverage"], 0.0).astype(np.float32)
    guess = inputs["initial_real"] + 1j * inputs["initial_imaginary"]
    real, imaginary = as_pair(in_gauge_of(np.nan_to_num(true_object), guess, weight))
    return inputs | {
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

    The ramp is the mean phase step of w O conj(T) from pixel to pixel along each axis. Truth T,
    guess O and the weight w of every pixel have shape (H, W); a guess of zero asks for no ramp.
    """
    product = weight * guess * true_object.conj()
    step_y = np.angle(np.sum(product[1:] * product[:-1].conj()))
    step_x = np.angle(np.sum(product[:, 1:] * product[:, :-1].conj()))
    rows, columns = np.indices(true_object.shape)
    return np.asarray(true_object * np.exp(1j * (step_y * rows + step_x * columns)))
