"""PtychoNN-like network: one encoder, and a decoder each for amplitude and phase.

After Cherukara et al., Appl. Phys. Lett. 117, 044103 (2020), in the form of PtychoPINN (Hoidn,
Mishra & Mehta, Sci. Rep. 13, 22789 (2023)): it sees diffraction amplitude, zero frequency in the
middle, and with a gridsize of 2 the four patterns of a group are channels of one image, which
gives four patches of the object. Every pattern makes a group with its nearest neighbours.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tasks.core.geometry.groups import nearest_neighbours
from tasks.networks.architectures.base import Channels, Workload
from tasks.networks.architectures.stitching import StitchedArchitecture
from tasks.networks.architectures.unet import block, convolution
from tasks.networks.exposures import InputGeometry
from tasks.networks.physics import ComplexPair, Tensor, keras, layers, ops, squared_modulus

if TYPE_CHECKING:
    from tasks.networks.canvas_network import CanvasNetwork

POSITION_DIGITS = 6


class ClassicArchitecture(StitchedArchitecture):
    """PtychoNN: one encoder and two decoders, for amplitude and phase, per image of a group."""

    kind: Literal["classic"] = "classic"
    gridsize: Literal[1, 2] = Field(
        1, description="Patterns in an image are gridsize squared: one, or four neighbours"
    )
    channels: Channels = Field((16, 32, 64), description="Channels of the encoder's blocks")

    @property
    def group_size(self) -> int:
        """Patterns in an image."""
        return self.gridsize**2

    def image_px(self, geometry: InputGeometry) -> int:
        """Return the side of a pattern [px]."""
        return geometry.n_px

    def add_layers(self, network: "CanvasNetwork", seed: int) -> None:
        """Give a new network its encoder and decoders."""
        self.check_size(network.geometry, len(self.channels))
        network.body = make_encoder_decoders(self.channels, network.geometry, self.group_size, seed)

    def groups_of_batch(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return each pattern and its nearest neighbours in the batch, shape (J, C)."""
        half, width = inputs["indices"].shape[-1] // 2, inputs["normaliser"].shape[1]
        return nearest_in_batch(inputs["indices"][:, half, half], width, self.group_size)

    def groups_of_scan(self, positions_px: NDArray[np.floating]) -> NDArray[np.intp]:
        """Return each exposure and its nearest neighbours in the scan, shape (J, C)."""
        n_positions = len(positions_px)
        if self.group_size == 1:
            return np.arange(n_positions, dtype=np.intp)[:, None]
        # In a fixed order, so that equal distances do not make the order of exposures matter.
        fixed = np.round(positions_px, POSITION_DIGITS)
        order = np.lexsort(fixed.T)
        seeds = np.arange(n_positions, dtype=np.intp)
        neighbours = nearest_neighbours(fixed[order], seeds, self.group_size - 1)
        members = np.concatenate([seeds[:, None], neighbours], axis=1)
        return np.asarray(order[members], dtype=np.intp)

    def object_patches(
        self,
        network: "CanvasNetwork",
        counts: Tensor,
        good: Tensor,
        probe: ComplexPair,
        members: Tensor,
    ) -> ComplexPair:
        """Return the patches of every group: sigmoid amplitude, phase within pi."""
        n_px = counts.shape[-1]
        photons = ops.sum(squared_modulus(probe), axis=(0, 2, 3))[:, None, None]
        amplitude = good * ops.sqrt(counts * n_px**2 / photons)
        amplitude = ops.roll(amplitude, (n_px // 2, n_px // 2), axis=(1, 2))
        image = ops.transpose(ops.take(amplitude, members, axis=0), (0, 2, 3, 1))
        modulus, phase = (
            ops.transpose(ops.cast(part, "float32"), (0, 3, 1, 2)) for part in network.body(image)
        )
        modulus, phase = ops.sigmoid(modulus), np.pi * ops.tanh(phase)
        return modulus * ops.cos(phase), modulus * ops.sin(phase)

    def workload(
        self,
        network: "CanvasNetwork",
        n_patterns: int,
        canvas_shape: tuple[int, int],  # noqa: ARG002
    ) -> Workload:
        """Return its model on every group, and the transforms of the prediction."""
        n_px = network.geometry.n_px
        image = (n_patterns, n_px, n_px, self.group_size)
        return Workload([(network.body, image, 1)], transforms=n_patterns)


def nearest_in_batch(pixels: Tensor, width: int, group_size: int) -> Tensor:
    """Return each pattern's group, itself first and then by distance, shape (J, group_size).

    Patterns are placed by the pixel under their middle, shape (J,), in the flattened canvas of some
    width.
    """
    rows = ops.cast(pixels // width, "float32")
    columns = ops.cast(pixels % width, "float32")
    squares = ops.square(rows[:, None] - rows) + ops.square(columns[:, None] - columns)
    itself = ops.eye(pixels.shape[0], dtype="float32")
    return ops.top_k(itself - squares, group_size)[1]


def make_encoder_decoders(
    channels: tuple[int, ...], geometry: InputGeometry, group_size: int, seed: int
) -> Any:
    """Return the model from a group's image to the logits of its amplitudes and phases.

    The decoders mirror the encoder's channels, the finest first, and end on the lit part of the
    patches alone: from (G, N, N, C) to twice (G, n, n, C), n being N without the dark rim.
    """
    seeds = keras.random.SeedGenerator(seed)
    inputs = keras.Input((geometry.n_px, geometry.n_px, group_size), name="diffraction_amplitude")
    image = inputs
    for level, width in enumerate(channels):
        image = block(image, width, seeds, f"encode_{level}")
        image = layers.MaxPooling2D(2, name=f"pool_{level}")(image)
    outputs = []
    for part in ("amplitude", "phase"):
        decoded = image
        for level in reversed(range(len(channels))):
            decoded = block(decoded, channels[level], seeds, f"{part}_{level}")
            if level == 0:
                decoded = layers.Cropping2D(geometry.dark_rim_px // 2, name=f"{part}_lit")(decoded)
            decoded = layers.UpSampling2D(2, name=f"{part}_enlarge_{level}")(decoded)
        outputs.append(convolution(group_size, seeds, part, None)(decoded))
    return keras.Model(inputs, outputs, name="encoder_decoders")
