"""The training loop: the same for both principles, in steps or in seconds."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tasks.networks.canvas_network import CanvasNetwork
from tasks.train.checkpoints import Checkpoints
from tasks.train.history import History
from tasks.train.params import TrainingParams, budget_share, is_validation_due, learning_rate
from tasks.train.trainer import Objective, Trainer, TrainingBatch

AfterStep = Callable[[int, float, float], None]
BatchOfStep = Callable[[int], TrainingBatch]


@dataclass(frozen=True)
class Safeguards:
    """What keeps a training from going astray or from being lost, and a clock [s] from any zero.

    Validation batches are evaluated and never learned from.
    """

    validation_batches: Sequence[TrainingBatch] = ()
    checkpoints: Checkpoints | None = None
    clock: Callable[[], float] = time.monotonic


def train_network(
    network: CanvasNetwork,
    objective: Objective,
    batch_of_step: BatchOfStep,
    params: TrainingParams,
    after_step: AfterStep,
    safeguards: Safeguards = Safeguards(),
) -> History:
    """Train a network in place; its weights end as those of the best validation.

    A step has the batch of its number. `after_step` is told the number of finished steps, the last
    loss and the share of the budget.

    Raises:
        FloatingPointError: If a loss is not finite; the message says at which step and why.
    """
    training = _Training(Trainer.of(network, objective, params), params, safeguards)
    training.resume()
    while not training.is_over():
        loss = training.step(batch_of_step)
        training.validate_if_due()
        training.save_if_due()
        after_step(training.history.n_steps, loss, min(1.0, training.share()))
    training.finish()
    return training.history


class _Training:
    """A training on its way."""

    def __init__(self, trainer: Trainer, params: TrainingParams, safeguards: Safeguards) -> None:
        self.trainer, self.params, self.safeguards = trainer, params, safeguards
        self.history = History()
        self._ticked_s = self._saved_s = safeguards.clock()

    def resume(self) -> None:
        """Go on from the last checkpoint, where there is one."""
        checkpoints = self.safeguards.checkpoints
        arrays = checkpoints.load() if checkpoints else None
        if arrays is not None:
            self.history = History.from_arrays(arrays)
            self.trainer.take_arrays(arrays)

    def share(self) -> float:
        """Return the share of the budget that is spent."""
        return budget_share(self.params, self.history.n_steps, self.history.elapsed_s)

    def is_over(self) -> bool:
        """Tell whether the budget is used up, or the validation has not improved for long."""
        return self.share() >= 1 or self.history.validations_since_best() >= self.params.patience

    def step(self, batch_of_step: BatchOfStep) -> float:
        """Make a step; return the loss before it."""
        rate = learning_rate(self.params, self.share())
        batch = batch_of_step(self.history.n_steps)
        loss = self.trainer.train_step(batch, rate)
        self.history.losses.append(loss)
        self.history.learning_rates.append(rate)
        if not np.isfinite(loss):
            raise FloatingPointError(_explain(self.history.losses, batch, self.params))
        self._tick()
        return loss

    def validate_if_due(self) -> None:
        """Evaluate the held-out part, and remember the weights if it was never better."""
        history, share, batches = self.history, self.share(), self.safeguards.validation_batches
        steps_since = history.n_steps - history.evaluated_step
        share_since = share - history.evaluated_share
        if not batches or not is_validation_due(self.params, steps_since, share_since, share >= 1):
            return
        history.held_out[history.n_steps] = self.trainer.evaluate(batches)
        history.evaluated_share = share
        if history.best_step == history.n_steps:
            history.best_weights = self.trainer.weights_now()
        self._tick()

    def save_if_due(self) -> None:
        """Save a checkpoint if the last one is old."""
        if self.safeguards.clock() - self._saved_s >= self.params.checkpoint_s:
            self._save()

    def finish(self) -> None:
        """Save a last time, and take the best weights."""
        self._save()
        if self.history.best_weights is not None:
            self.trainer.network.set_weights(self.history.best_weights)

    def _save(self) -> None:
        if self.safeguards.checkpoints is not None:
            arrays = self.history.to_arrays() | self.trainer.to_arrays()
            self.safeguards.checkpoints.save(self.history.n_steps, arrays)
        self._saved_s = self.safeguards.clock()

    def _tick(self) -> None:
        now_s = self.safeguards.clock()
        self.history.elapsed_s += now_s - self._ticked_s
        self._ticked_s = now_s


def _explain(losses: Sequence[float], batch: TrainingBatch, params: TrainingParams) -> str:
    damaged = [name for name, array in batch.items() if not np.all(np.isfinite(array))]
    before = f"{losses[-2]:.4g}" if len(losses) > 1 else "none"
    cause = (
        f"its input {', '.join(damaged)} holds values that are not finite: check the scan"
        if damaged
        else f"its inputs are finite, so the training diverged: lower learning_rate "
        f"({params.learning_rate:g}) or clip_norm ({params.clip_norm:g})"
    )
    return f"The loss at step {len(losses)} is {losses[-1]} (the step before: {before}); {cause}."
