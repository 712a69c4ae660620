"""A network of any architecture as a model of Keras, and what it costs.

A multiplication and an addition count as two operations. Convolutions and matrices are counted
layer by layer, Fourier transforms as 5 n log2(n) of n pixels (Frigo & Johnson, Proc. IEEE 93,
216 (2005), the convention of their benchmarks); what is left, element by element, is not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log2, prod

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from tasks.core.geometry.patches import Window
from tasks.networks.architectures.base import Architecture, Canvases
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.networks.physics import Tensor

BACKWARD_AND_FORWARD = 3
COUNTED = (layers.Conv2D, layers.Conv2DTranspose, layers.Dense)


class CanvasNetwork(keras.Model):  # type: ignore[misc]  # Keras is not typed
    """Counts, probe and positions of neighbouring patterns in, their object out.

    Args:
        architecture: Kind and sizes.
        geometry: What the patterns look like.
        seed: Seed that the initial weights are drawn from.
    """

    def __init__(self, architecture: Architecture, geometry: InputGeometry, seed: int) -> None:
        # The physics of a network is in float32, whatever its layers compute in.
        super().__init__(name=architecture.kind, dtype="float32")
        self.architecture, self.geometry = architecture, geometry
        architecture.add_layers(self, seed)
        self.built = True

    @property
    def passes(self) -> int:
        """Number of objects that a call returns."""
        return self.architecture.n_passes

    def call(self, inputs: Mapping[str, Tensor]) -> Canvases:
        """Reconstruct one group from its `network_inputs`."""
        return self.architecture.reconstruct_group(self, inputs)

    def predict_canvas(
        self,
        exposures: Exposures,
        canvas: Window,
        initial_guess: NDArray[np.complex64],
        chunk_size: int,
        after_pass: Callable[[int], None],
    ) -> NDArray[np.complex64]:
        """Reconstruct a whole scan, some patterns at a time; no more are in memory.

        Args:
            exposures: The scan.
            canvas: Window of the object's frame that holds every patch.
            initial_guess: On the canvas, shape (H, W); zero where it is not needed.
            chunk_size: Patterns at a time.
            after_pass: Told the number of finished passes, of `passes`.

        Returns:
            Object, shape (H, W); neither the order of the patterns nor the chunk size matters
            beyond rounding.
        """
        return self.architecture.reconstruct_scan(
            self, exposures, (canvas, initial_guess), chunk_size, after_pass
        )


@dataclass(frozen=True)
class Cost:
    """Size of a network, and its work on one group.

    Attributes:
        n_parameters: Trainable numbers.
        forward_flops: Floating-point operations from counts to predicted intensities.
    """

    n_parameters: int
    forward_flops: int

    @property
    def step_flops(self) -> int:
        """Operations of an optimiser step: the gradient costs about twice the forward pass."""
        return BACKWARD_AND_FORWARD * self.forward_flops


def cost_of(
    network: CanvasNetwork, n_patterns: int, canvas_shape: tuple[int, int], n_modes: int = 1
) -> Cost:
    """Return what a network costs, for a group of patterns on a canvas of shape (H, W)."""
    workload = network.architecture.workload(network, n_patterns, canvas_shape)
    learned = sum(times * model_flops(model, shape) for model, shape, times in workload.models)
    transforms = n_modes * workload.transforms * transform_flops(network.geometry.n_px)
    return Cost(int(network.count_params()), learned + transforms)


def transform_flops(n_px: int) -> int:
    """Return the operations of one Fourier transform of N x N pixels."""
    return round(5 * n_px**2 * log2(n_px**2))


def model_flops(model: keras.Model, shape: tuple[int, ...]) -> int:
    """Return the operations of a model's convolutions and matrices, for an input of some shape."""
    counted = [layer for layer in model.layers if isinstance(layer, COUNTED)]
    ends = keras.Model(model.inputs, [[layer.input, layer.output] for layer in counted])
    shapes = ends.compute_output_shape(shape)
    return sum(
        _layer_flops(layer, before, after)
        for layer, (before, after) in zip(counted, shapes, strict=True)
    )


def _layer_flops(layer: keras.Layer, before: tuple[int, ...], after: tuple[int, ...]) -> int:
    # Each weight of a kernel is used once per output pixel, or per input pixel where it spreads.
    pixels = before if isinstance(layer, layers.Conv2DTranspose) else after
    return 2 * int(prod(pixels[:-1])) * int(prod(layer.kernel.shape))
