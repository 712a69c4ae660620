"""What every architecture offers: a group's canvas in training, a whole scan's in prediction.

The U-Net that several of them have sees images whose 2 x 2 pixels are folded into channels.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from tasks.core.geometry.patches import Window
from tasks.networks.exposures import Exposures
from tasks.networks.physics import ComplexPair, Tensor, keras, layers, ops

# A `tasks.networks.canvas_network.CanvasNetwork`, which only what has loaded Keras can name.
Network = Any

LAST_LAYER_SCALE = 0.1
Channels = Annotated[
    tuple[Annotated[int, Field(ge=1, le=1024)], ...], Field(min_length=2, max_length=3)
]


class Canvases(NamedTuple):
    """What a network makes of a group, the final result last.

    Attributes:
        objects: Object after each pass as (real, imaginary), each (H, W).
        intensities: Intensity that each object predicts [photons / px], zero frequency first,
            shape (J, N, N).
    """

    objects: list[ComplexPair]
    intensities: list[Tensor]


class Workload(NamedTuple):
    """What a network computes for one group, for the record of its cost.

    Attributes:
        models: Each functional model, the shape of its input and how often it is called.
        transforms: Fourier transforms of N x N pixels, for each mode of the probe.
    """

    models: Sequence[tuple[Any, tuple[int, ...], int]]
    transforms: int


class Architecture(BaseModel, ABC):
    """Kind and sizes of a network, as forms show and records keep them, and how it computes.

    Weights belong to the network, which every method is given. Keras is imported as late as
    `tasks.networks.physics` does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    # Whether batches carry an initial guess to refine (`tasks.networks.initial_guess`) or zero.
    needs_initial_guess: ClassVar[bool] = False

    kind: str

    @property
    def n_passes(self) -> int:
        """Number of objects that a call returns."""
        return 1

    @abstractmethod
    def add_layers(self, network: Network, seed: int) -> None:
        """Give a new network its layers and weights."""

    @abstractmethod
    def reconstruct_group(self, network: Network, inputs: Mapping[str, Tensor]) -> Canvases:
        """Reconstruct one group from its `network_inputs`."""

    @abstractmethod
    def reconstruct_scan(
        self,
        network: Network,
        exposures: Exposures,
        canvas: tuple[Window, NDArray[np.complex64]],
        chunk_size: int,
        after_pass: Callable[[int], None],
    ) -> NDArray[np.complex64]:
        """Reconstruct a whole scan; window and initial guess, and the rest as `predict_canvas`."""

    @abstractmethod
    def workload(
        self, network: Network, n_patterns: int, canvas_shape: tuple[int, int]
    ) -> Workload:
        """Return what a call computes for patterns of a group on their canvas (H, W)."""


class Choice(NamedTuple):
    """An option for the architecture of a run: its name, kind and sizes, and what it is."""

    name: str
    sizes: Architecture
    meaning: str


def fold(image: Tensor) -> Tensor:
    """Move 2 x 2 pixels into channels: (B, H, W, C) to (B, H / 2, W / 2, 4 C)."""
    _, height, width, channels = image.shape
    blocks = ops.reshape(image, (-1, height // 2, 2, width // 2, 2, channels))
    blocks = ops.transpose(blocks, (0, 1, 3, 2, 4, 5))
    return ops.reshape(blocks, (-1, height // 2, width // 2, 4 * channels))


def unfold(image: Tensor) -> Tensor:
    """Undo `fold`: (B, H, W, 4 C) to (B, 2 H, 2 W, C)."""
    _, height, width, channels = image.shape
    blocks = ops.reshape(image, (-1, height, width, 2, 2, channels // 4))
    blocks = ops.transpose(blocks, (0, 1, 3, 2, 4, 5))
    return ops.reshape(blocks, (-1, 2 * height, 2 * width, channels // 4))


def convolution(
    channels: int, seeds: Any, name: str, activation: str | None = "relu"
) -> Callable[[Tensor], Tensor]:
    """Return a convolution of 3 x 3 pixels; without activation it is a last layer, and small."""
    scale = 2.0 if activation else LAST_LAYER_SCALE**2
    return layers.Conv2D(  # type: ignore[no-any-return]  # Keras is not typed
        channels,
        3,
        padding="same",
        activation=activation,
        kernel_initializer=keras.initializers.VarianceScaling(scale, seed=seeds),
        name=name,
    )


def block(image: Tensor, channels: int, seeds: Any, name: str) -> Tensor:
    """Apply two convolutions."""
    for number in (1, 2):
        image = convolution(channels, seeds, f"{name}_{number}")(image)
    return image


def make_unet(channels: tuple[int, ...], n_inputs: int, n_outputs: int, seed: int) -> Any:
    """Return the U-Net on folded pixels; the image must be a multiple of 2 ** len(channels).

    Channels of each level, the finest first, between those of the image before it is folded and of
    the answer after it is unfolded: from (B, H / 2, W / 2, 4 n_inputs) to the same of n_outputs.
    """
    seeds = keras.random.SeedGenerator(seed)
    # Every layer is named, because names are stored and Keras' own count on within a process.
    inputs = keras.Input((None, None, 4 * n_inputs), name="folded_canvas")
    image, skips = inputs, []
    for level, width in enumerate(channels[:-1]):
        image = block(image, width, seeds, f"down_{level}")
        skips.append(image)
        image = layers.AveragePooling2D(2, name=f"pool_{level}")(image)
    image = block(image, channels[-1], seeds, "bottom")
    for level in reversed(range(len(skips))):
        image = layers.UpSampling2D(2, name=f"enlarge_{level}")(image)
        image = layers.Concatenate(name=f"join_{level}")([image, skips[level]])
        image = block(image, channels[level], seeds, f"up_{level}")
    outputs = convolution(4 * n_outputs, seeds, "correction", None)(image)
    return keras.Model(inputs, outputs, name="unet")
