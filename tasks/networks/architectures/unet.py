"""The U-Net of the architectures, on images whose 2 x 2 pixels are folded into channels."""

from typing import Any

import keras
from keras import layers, ops

from tasks.networks.physics import Tensor

LAST_LAYER_SCALE = 0.1


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


def _initializer(seeds: keras.random.SeedGenerator, scale: float = 2.0) -> Any:
    return keras.initializers.VarianceScaling(scale, seed=seeds)


def _block(image: Tensor, channels: int, seeds: keras.random.SeedGenerator, name: str) -> Tensor:
    for number in (1, 2):
        image = layers.Conv2D(
            channels,
            3,
            padding="same",
            activation="relu",
            kernel_initializer=_initializer(seeds),
            name=f"{name}_{number}",
        )(image)
    return image


def make_unet(channels: tuple[int, ...], n_inputs: int, n_outputs: int, seed: int) -> keras.Model:
    """Return the U-Net on folded pixels; the image must be a multiple of 2 ** len(channels).

    Args:
        channels: Channels of each level, the finest first.
        n_inputs: Channels of the image before it is folded.
        n_outputs: Channels of the answer after it is unfolded.
        seed: Seed of the initial weights.

    Returns:
        Model from (B, H / 2, W / 2, 4 n_inputs) to (B, H / 2, W / 2, 4 n_outputs).
    """
    seeds = keras.random.SeedGenerator(seed)
    # Every layer is named, because names are stored and Keras' own count on within a process.
    inputs = keras.Input((None, None, 4 * n_inputs), name="folded_canvas")
    image, skips = inputs, []
    for level, width in enumerate(channels[:-1]):
        image = _block(image, width, seeds, f"down_{level}")
        skips.append(image)
        image = layers.AveragePooling2D(2, name=f"pool_{level}")(image)
    image = _block(image, channels[-1], seeds, "bottom")
    for level in reversed(range(len(skips))):
        image = layers.UpSampling2D(2, name=f"enlarge_{level}")(image)
        image = layers.Concatenate(name=f"join_{level}")([image, skips[level]])
        image = _block(image, channels[level], seeds, f"up_{level}")
    outputs = layers.Conv2D(
        4 * n_outputs,
        3,
        padding="same",
        kernel_initializer=_initializer(seeds, LAST_LAYER_SCALE**2),
        name="correction",
    )(image)
    return keras.Model(inputs, outputs, name="unet")
