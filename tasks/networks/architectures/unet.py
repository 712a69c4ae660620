"""The U-Net of the architectures, on images whose 2 x 2 pixels are folded into channels."""

from collections.abc import Callable
from typing import Any

from tasks.networks.physics import Tensor, keras, layers, ops

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
