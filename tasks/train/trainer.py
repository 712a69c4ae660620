"""A network with its objective and optimiser: one step, an evaluation, and what to keep of it.

The two principles minimise their disagreement with photons, or with the true object.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from tasks.networks.architectures.base import Canvases
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.physics import Tensor, multiply_conjugate, squared_modulus
from tasks.train.history import Weights, pack, unpack
from tasks.train.params import TrainingParams

Objective = Callable[[Mapping[str, Tensor], Canvases], Tensor]
TrainingBatch = Mapping[str, NDArray[np.generic]]

FAINT_INTENSITY = 0.01
ANSCOMBE_OFFSET = 0.375
SMALL_DISTANCE = 0.01
TINY = 1e-12


def poisson_deviance(counts: Tensor, intensity: Tensor, good: Tensor) -> Tensor:
    """Return the mean over good pixels of lambda - I log(lambda) - I + I log(I).

    The Poisson negative log-likelihood less that of a perfect prediction: zero at the least, and
    about one half a pixel for the true intensity of well-lit pixels. Photons I and the predicted
    intensity lambda have shape (J, N, N); `good` is 1 where the detector counts, (N, N).
    """
    logarithm = ops.log(intensity + FAINT_INTENSITY) - ops.log(ops.maximum(counts, TINY))
    return ops.mean(good * (intensity - counts - counts * logarithm)) / ops.mean(good)


def amplitude_distance(counts: Tensor, intensity: Tensor, good: Tensor) -> Tensor:
    """Return twice the mean squared distance of square roots; arguments as `poisson_deviance`.

    Anscombe's transform makes the variance of sqrt(I + 3/8) one quarter (Anscombe, Biometrika 35,
    246 (1948)), so this too is about one half a pixel for the true intensity of well-lit pixels.
    """
    roots = ops.sqrt(counts + ANSCOMBE_OFFSET) - ops.sqrt(intensity + ANSCOMBE_OFFSET)
    return 2.0 * ops.mean(good * ops.square(roots)) / ops.mean(good)


PHYSICS_LOSSES = {"poisson": poisson_deviance, "amplitude": amplitude_distance}


def physics_loss(
    inputs: Mapping[str, Tensor], canvases: Canvases, likelihood: str = "poisson"
) -> Tensor:
    """Return the disagreement of the photons with what the last pass predicts.

    A batch has `target_counts`, shape (J, N, N), and `target_scale`, their exposure over that of
    the photons that are shown, shape (1,); the likelihood is one of `PHYSICS_LOSSES`.
    """
    intensity = inputs["target_scale"] * canvases.intensities[-1]
    return PHYSICS_LOSSES[likelihood](inputs["target_counts"], intensity, inputs["good"])


def supervised_loss(inputs: Mapping[str, Tensor], canvases: Canvases) -> Tensor:
    """Return the weighted mean |O exp(-i theta) - T| of the last pass, zero at the truth.

    The global phase of the canvas, which diffraction cannot tell, is left free:
    theta = arg sum w conj(T) O is where the squared distance is least. The distance itself is not
    squared, so that the few pixels whose phase cannot be known do not outweigh the others; below
    `SMALL_DISTANCE` it is rounded off (Charbonnier et al., Proc. ICIP 2, 168 (1994)). A batch has
    the truth T as `truth_real` and `truth_imaginary` and the weights w as `truth_weight`, (H, W).
    """
    truth = inputs["truth_real"], inputs["truth_imaginary"]
    weight, object_ = inputs["truth_weight"], canvases.objects[-1]
    real, imaginary = (ops.sum(weight * part) for part in multiply_conjugate(truth, object_))
    length = ops.sqrt(ops.square(real) + ops.square(imaginary) + TINY)
    turned = multiply_conjugate((real / length, imaginary / length), object_)
    square = squared_modulus((turned[0] - truth[0], turned[1] - truth[1]))
    distance = ops.sqrt(square + SMALL_DISTANCE**2) - SMALL_DISTANCE
    return ops.sum(weight * distance) / ops.sum(weight)


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
