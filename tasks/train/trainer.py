"""A network together with what it is judged by: one step, one look, and what to keep of it."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tasks.networks.architectures.base import Canvases, CanvasNetwork
from tasks.networks.physics import Tensor
from tasks.train.history import Weights, pack, unpack
from tasks.train.losses import Objective
from tasks.train.params import TrainingParams
from tasks.train.training_setup import Lesson


class Classroom(keras.Model):  # type: ignore[misc]  # Keras is not typed
    """A network together with what it is judged by; gives the step of Keras' own trainer."""

    def __init__(self, network: CanvasNetwork, objective: Objective) -> None:
        super().__init__(name="classroom", dtype="float32")
        self.network = network
        self.objective = objective
        self.built = True

    @classmethod
    def of(
        cls, network: CanvasNetwork, objective: Objective, params: TrainingParams
    ) -> "Classroom":
        """Return a classroom with AdamW and a clipped gradient; the loop sets the learning rate."""
        classroom = cls(network, objective)
        optimizer = keras.optimizers.AdamW(
            params.learning_rate,
            weight_decay=params.weight_decay,
            global_clipnorm=params.clip_norm,
        )
        optimizer.build(network.trainable_variables)
        classroom.compile(optimizer=optimizer, jit_compile=False)
        return classroom

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

    def learn(self, lesson: Lesson, learning_rate: float) -> float:
        """Make one step; return the loss before it."""
        self.optimizer.learning_rate = learning_rate
        return float(self.train_on_batch(_tensors(lesson)))

    def look(self, lessons: Sequence[Lesson]) -> float:
        """Return the mean loss over lessons without learning from them."""
        return float(np.mean([float(self.test_on_batch(_tensors(lesson))) for lesson in lessons]))

    def to_arrays(self) -> dict[str, Any]:
        """Return weights and the optimiser's variables as named arrays."""
        variables = [ops.convert_to_numpy(variable) for variable in self.optimizer.variables]
        return pack("weights", self.weights_now()) | pack("optimizer", variables)

    def take_arrays(self, arrays: dict[str, Any]) -> None:
        """Take what `to_arrays` gave."""
        self.network.set_weights(unpack("weights", arrays))
        saved = unpack("optimizer", arrays)
        for variable, value in zip(self.optimizer.variables, saved, strict=True):
            variable.assign(value)

    def weights_now(self) -> Weights:
        """Return copies of the network's weights."""
        return [np.array(weight) for weight in self.network.get_weights()]


def _tensors(lesson: Lesson) -> dict[str, Tensor]:
    return {name: ops.convert_to_tensor(array) for name, array in lesson.items()}
