"""The training loop: the same for both principles, counted in steps."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tasks.networks.architectures.base import Canvases, CanvasNetwork
from tasks.networks.fields import Tensor
from tasks.train.lessons import Lesson, Lessons
from tasks.train.losses import Objective
from tasks.train.params import TrainingParams


class Classroom(keras.Model):  # type: ignore[misc]  # Keras is not typed
    """A network together with what it is judged by; gives the step of Keras' own trainer."""

    def __init__(self, network: CanvasNetwork, objective: Objective) -> None:
        super().__init__(name="classroom")
        self.network = network
        self.objective = objective
        self.built = True

    def call(self, inputs: dict[str, Tensor]) -> Canvases:
        """Run the network."""
        canvases: Canvases = self.network(inputs)
        return canvases

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,  # noqa: ARG002
        y_pred: Any = None,
        sample_weight: Any = None,  # noqa: ARG002
        training: bool = True,  # noqa: ARG002
    ) -> Tensor:
        """Return the objective; targets travel with the inputs."""
        return self.objective(x, y_pred)


def learning_rates(params: TrainingParams) -> NDArray[np.float64]:
    """Return the learning rate of every step: a linear warm-up, then a cosine decay towards zero.

    Returns:
        Rates, shape (n_steps,), all above zero.
    """
    warmup = round(params.warmup_fraction * params.n_steps)
    steps = np.arange(params.n_steps)
    rising = (steps + 1) / (warmup + 1)
    falling = 0.5 + 0.5 * np.cos(np.pi * (steps - warmup) / (params.n_steps - warmup))
    return params.learning_rate * np.where(steps < warmup, rising, falling)


def make_optimizer(params: TrainingParams) -> keras.optimizers.Optimizer:
    """Return AdamW with a clipped gradient; the loop sets the learning rate of every step."""
    return keras.optimizers.AdamW(
        params.learning_rate, weight_decay=params.weight_decay, global_clipnorm=params.clip_norm
    )


def train_network(
    network: CanvasNetwork,
    objective: Objective,
    lessons: Lessons,
    params: TrainingParams,
    after_step: Callable[[int, float], None],
) -> NDArray[np.float64]:
    """Train a network in place.

    Args:
        network: Network to train.
        objective: What to minimise.
        lessons: Returns the lesson of a step by its number.
        params: Budget, learning rate and the rest.
        after_step: Told the number of finished steps and the last loss.

    Returns:
        Loss before each step, shape (n_steps,).

    Raises:
        FloatingPointError: If a loss is not finite; the message says at which step and why.
    """
    classroom = Classroom(network, objective)
    classroom.compile(optimizer=make_optimizer(params), jit_compile=False)
    losses = np.empty(params.n_steps)
    for step, rate in enumerate(learning_rates(params)):
        lesson = dict(lessons(step))
        classroom.optimizer.learning_rate = rate
        losses[step] = classroom.train_on_batch(lesson)
        if not np.isfinite(losses[step]):
            raise FloatingPointError(_explain(step, losses, lesson, params))
        after_step(step + 1, float(losses[step]))
    return losses


def _explain(step: int, losses: NDArray[np.float64], lesson: Lesson, params: TrainingParams) -> str:
    damaged = [name for name, array in lesson.items() if not np.all(np.isfinite(array))]
    before = f"{losses[step - 1]:.4g}" if step else "none"
    cause = (
        f"its input {', '.join(damaged)} holds values that are not finite: check the scan"
        if damaged
        else f"its inputs are finite, so the training diverged: lower learning_rate "
        f"({params.learning_rate:g}) or clip_norm ({params.clip_norm:g})"
    )
    return f"The loss at step {step + 1} is {losses[step]} (the step before: {before}); {cause}."
