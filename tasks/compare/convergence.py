"""How fast an iterative solver comes to its result, held against the truth that it never sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tasks.catalogue.headline import SOLVER
from tasks.catalogue.metric import Score
from tasks.catalogue.metrics.diagnostics import DOUBLING_GAIN
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.compare.alignment.gauge import Gauge
from tasks.compare.evaluator import Evaluator
from tasks.compare.reference_object import differences
from tasks.core.files.csv_table import number_cell, write_table
from tasks.core.files.object_file import read_iterates

COLUMNS = ("model", "epoch", "complex_nrmse", "amplitude_mae", "phase_mae")
EQUAL_QUALITY = 1.05


@dataclass(frozen=True)
class Iterate:
    """Errors of what a solver had found, in the gauge of the truth.

    Attributes:
        epoch: Passes over all patterns, 0 for the start.
        complex_nrmse: Relative complex error.
        amplitude_mae: Mean absolute error of the amplitude.
        phase_mae: Mean absolute error of the wrapped phase [rad].
    """

    epoch: int
    complex_nrmse: float
    amplitude_mae: float
    phase_mae: float


@dataclass(frozen=True)
class Convergence:
    """The iterates of one solver, epochs rising."""

    iterates: tuple[Iterate, ...]

    @property
    def final(self) -> Iterate:
        """The last one."""
        return self.iterates[-1]

    @property
    def doubling_gain(self) -> float | None:
        """By how much as many epochs again would lower the complex error, extrapolated.

        What an epoch gains is taken to fall by the same factor in every quarter of the epochs, as
        it fell from the third to the last one; a gain that does not fall goes on, a last quarter
        without gain promises none. None if an error after half, three quarters or all of the
        epochs is not known.
        """
        n, errors = self.final.epoch, {one.epoch: one.complex_nrmse for one in self.iterates}
        epochs = (n // 2, 3 * n // 4, n)
        if len(set(epochs)) < 3 or not errors.keys() >= set(epochs) or errors[n] == 0:
            return None
        before, last = (
            (errors[start] - errors[stop]) / (stop - start) for start, stop in pairwise(epochs)
        )
        if last <= 0:
            return 0.0
        ratio = min(last / before, 1.0) if before > 0 else 1.0
        step = epochs[2] - epochs[1]
        quarters = n / step
        falls = quarters if ratio == 1 else ratio * (1 - ratio**quarters) / (1 - ratio)
        return min(last * step * falls / errors[n], 1.0)

    @property
    def scores(self) -> dict[str, Score]:
        """What the iterates tell of the solver, by the names of metrics."""
        gain = self.doubling_gain
        reason = "the iterates do not hold the epochs that it needs" if gain is None else None
        return {DOUBLING_GAIN.name: Score(gain, reason=reason)}


def convergence_of(path: Path, evaluator: Evaluator, final_gauge: Gauge) -> Convergence:
    """Evaluate the iterates (HDF5) of a solver as its result, of the final gauge, is evaluated.

    Every iterate has a gauge of its own, fitted from the best of the result's, the one before's and
    none, so that a search for each is not needed.

    Raises:
        ValueError: If the file holds no iterates, or one is not finite where it is scored.
    """
    box, reference = evaluator.region.box, evaluator.reference
    found: list[Iterate] = []
    gauge = final_gauge
    for epoch, window in read_iterates(path):
        image = window.cut(box)
        try:
            gauge = evaluator.refit(image, final_gauge, gauge, Gauge())
        except ValueError as error:
            raise ValueError(f"{path.name}, epoch {epoch}: {error}") from error
        aligned = evaluator.aligned(image, gauge)
        found.append(Iterate(epoch, *differences(aligned, reference.object_, reference.mask)))
    if not found:
        raise ValueError(f"{path.name} holds no iterate. Reconstruct again.")
    return Convergence(tuple(sorted(found, key=lambda one: one.epoch)))


def iterations_to_quality(curves: Mapping[str, Convergence]) -> dict[str, Any]:
    """Return how many epochs a learned start saves, for every solver that had one.

    The solver's own curve starts from a flat object.

    Returns:
        By model: the first kept epoch at which it is as good as the solver's result within 5 %, and
        the first at which the solver is as good as its result; None and why if there is none. The
        kept epoch before bounds the answer from below.
    """
    plain = curves.get(SOLVER.name)
    if plain is None:
        return {}
    target = EQUAL_QUALITY * plain.final.complex_nrmse
    return {
        model: {
            "target_complex_nrmse": target,
            "final_complex_nrmse": curve.final.complex_nrmse,
            **_reached("epochs", curve, target),
            **_reached(f"{SOLVER.slug}_epochs", plain, curve.final.complex_nrmse),
        }
        for model, curve in curves.items()
        if RECONSTRUCTIONS.get(model).is_network
    }


def write_convergence(path: Path, curves: Mapping[str, Convergence]) -> None:
    """Write the errors of all iterates as CSV, whole or not at all."""
    rows: list[Sequence[str]] = []
    for model, curve in curves.items():
        for one in curve.iterates:
            errors = (one.complex_nrmse, one.amplitude_mae, one.phase_mae)
            what = f"an error of {model} after epoch {one.epoch}"
            rows.append([model, str(one.epoch), *(number_cell(error, what) for error in errors)])
    write_table(path, COLUMNS, rows)


def _reached(name: str, curve: Convergence, error: float) -> dict[str, Any]:
    """Return when a curve comes to an error, and between which kept epochs."""
    reached = next((one for one in curve.iterates if one.complex_nrmse <= error), None)
    if reached is None:
        why = (
            f"not reached in {curve.final.epoch} epochs: {curve.final.complex_nrmse:.4g} is above "
            f"{error:.4g}"
        )
        return {name: None, f"{name}_after": curve.final.epoch, f"{name}_why": why}
    before = [one.epoch for one in curve.iterates if one.epoch < reached.epoch]
    return {name: reached.epoch, f"{name}_after": before[-1] if before else None}
