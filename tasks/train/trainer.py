"""A network with its objective and optimiser: one step, an evaluation, and what to keep of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from tasks.networks.architectures.base import Canvases
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.physics import Tensor
from tasks.train.history import Weights, pack, unpack
from tasks.train.params import TrainingParams

Objective = Callable[[Mapping[str, Tensor], Canvases], Tensor]
TrainingBatch = Mapping[str, NDArray[np.generic]]


class Trainer:
    """Trains a network by the step of Keras' own trainer."""

    def __init__(self, network: CanvasNetwork, objective: Objective, optimizer: Any) -> None:
        """Compile the step that trains a network in place."""
        self.network = network
        self._model = _WithObjective(network, objective)
        optimizer.build(network.trainable_variables)
        self._model.compile(optimizer=optimizer, jit_compile=False)

    @classmethod
    def of(cls, network: CanvasNetwork, objective: Objective, params: TrainingParams) -> "Trainer":
        """Return a trainer with AdamW and a clipped gradient; each step sets the learning rate."""
        optimizer = keras.optimizers.AdamW(
            params.learning_rate,
            weight_decay=params.weight_decay,
            global_clipnorm=params.clip_norm,
        )
        return cls(network, objective, optimizer)

    def train_step(self, batch: TrainingBatch, learning_rate: float) -> float:
        """Make one step; return the loss before it."""
        self._model.optimizer.learning_rate = learning_rate
        return float(self._model.train_on_batch(_tensors(batch)))

    def evaluate(self, batches: Sequence[TrainingBatch]) -> float:
        """Return the mean loss over batches without learning from them."""
        losses = [float(self._model.test_on_batch(_tensors(batch))) for batch in batches]
        return float(np.mean(losses))

    def to_arrays(self) -> dict[str, Any]:
        """Return weights and the optimiser's variables as named arrays."""
        variables = [ops.convert_to_numpy(variable) for variable in self._model.optimizer.variables]
        return pack("weights", self.weights_now()) | pack("optimizer", variables)

    def take_arrays(self, arrays: dict[str, Any]) -> None:
        """Take what `to_arrays` gave."""
        self.network.set_weights(unpack("weights", arrays))
        saved = unpack("optimizer", arrays)
        for variable, value in zip(self._model.optimizer.variables, saved, strict=True):
            variable.assign(value)

    def weights_now(self) -> Weights:
        """Return copies of the network's weights."""
        return [np.array(weight) for weight in self.network.get_weights()]


class _WithObjective(keras.Model):  # type: ignore[misc]  # Keras is not typed
    """A network whose loss Keras computes by the objective; targets travel with the inputs."""

    def __init__(self, network: CanvasNetwork, objective: Objective) -> None:
        # TensorFlow orders sums by the names in its graph: another name may change a last bit.
        super().__init__(name="canvas_trainer", dtype="float32")
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
        """Return the objective."""
        return self.objective(x, y_pred)


def _tensors(batch: TrainingBatch) -> dict[str, Tensor]:
    return {name: ops.convert_to_tensor(array) for name, array in batch.items()}
