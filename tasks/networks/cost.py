"""What a network costs: numbers that let arms be compared beside their results.

A multiplication and an addition count as two operations. Convolutions and matrices are counted
layer by layer, Fourier transforms as 5 n log2(n) of n pixels (Frigo & Johnson, Proc. IEEE 93,
216 (2005), the convention of their benchmarks); what is left, element by element, is not.
"""

from dataclasses import dataclass
from math import log2, prod

import keras
from keras import layers

from tasks.networks.architectures.base import CanvasNetwork

BACKWARD_AND_FORWARD = 3
COUNTED = (layers.Conv2D, layers.Conv2DTranspose, layers.Dense)


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
    """Return what a network costs.

    Args:
        network: Any of the architectures.
        n_patterns: Patterns J of a group.
        canvas_shape: Shape (H, W) of the group's canvas.
        n_modes: Modes of the probe, each of which is propagated.
    """
    workload = network.workload(n_patterns, canvas_shape)
    learned = sum(times * model_flops(model, shape) for model, shape, times in workload.models)
    transforms = n_modes * workload.transforms * transform_flops(network.geometry.n_px)
    return Cost(int(network.count_params()), learned + transforms)


def transform_flops(n_px: int) -> int:
    """Return the operations of one Fourier transform of N x N pixels."""
    return round(5 * n_px**2 * log2(n_px**2))


def model_flops(model: keras.Model, shape: tuple[int, ...]) -> int:
    """Return the operations of a functional model's convolutions and matrices.

    Args:
        model: Functional model with one input.
        shape: Shape of its input, batch first, channels last.
    """
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
