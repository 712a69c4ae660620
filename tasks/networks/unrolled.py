"""The unrolled network: a few physics passes on the canvas, each corrected by one shared U-Net.

Every pass cuts the canvas O at each position, propagates it through the probe P to Psi, and
compares the predicted intensity lambda with the counts I:
    r = sqrt((I + 1/4) / (lambda + 1/4))
    D = sum_j conj(P_j) F^-1[(r_j - 1) Psi_j] / (sum_j |P_j|^2 + a hundredth of its maximum)
    O <- O + a_k D + UNet(O, D, coverage)
D is the averaged projection onto the measured moduli (Thibault et al., Ultramicroscopy 109, 338
(2009), eq. 9), damped where the counts are few. Neighbouring patterns agree by construction.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
from keras import ops
from pydantic import BaseModel, ConfigDict, Field

from tasks.networks.fields import (
    ComplexPair,
    Tensor,
    far_field,
    multiply,
    multiply_conjugate,
    near_field,
    squared_modulus,
)
from tasks.networks.placement import cut, place
from tasks.networks.unet import fold, make_unet, unfold

COUNT_OFFSET = 0.25
TYPICAL_TRANSMISSION = 0.75
STEP_GAIN = 3.0
COVERAGE_GAIN = 0.3


class UnrolledArchitecture(BaseModel):
    """Size of the unrolled network; part of a model's contract."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passes: int = Field(5, ge=1, le=50, description="Physics passes that share one U-Net")
    channels: tuple[int, ...] = Field(
        (32, 48, 64), min_length=2, max_length=3, description="Channels of the U-Net's levels"
    )


class Canvases(NamedTuple):
    """What the passes left behind, the last pass last.

    Attributes:
        objects: Object after each pass as (real, imaginary), each (H, W).
        intensities: Intensity that each object predicts [photons / px], zero frequency first,
            shape (J, N, N).
    """

    objects: list[ComplexPair]
    intensities: list[Tensor]


def predicted_waves(canvas: ComplexPair, probe: ComplexPair, indices: Tensor) -> ComplexPair:
    """Return the far fields of a canvas at every position, shape (J, N, N)."""
    return far_field(multiply(probe, cut(canvas, indices)))


def projection_sum(
    waves: ComplexPair, counts: Tensor, probe: ComplexPair, indices: Tensor, shape: tuple[int, int]
) -> ComplexPair:
    """Return sum_j conj(P_j) F^-1[(r_j - 1) Psi_j] on the canvas; a sum over patterns."""
    intensity = squared_modulus(waves)
    excess = ops.sqrt((counts + COUNT_OFFSET) / (intensity + COUNT_OFFSET)) - 1.0
    corrections = near_field((waves[0] * excess, waves[1] * excess))
    return place(multiply_conjugate(probe, corrections), indices, shape)


class UnrolledNetwork(keras.Model):  # type: ignore[misc]  # Keras is not typed
    """Counts, probe and positions of neighbouring patterns in, their object out."""

    def __init__(self, architecture: UnrolledArchitecture, seed: int) -> None:
        super().__init__(name="unrolled")
        self.architecture = architecture
        self.unet = make_unet(architecture.channels, seed)
        self.steps = self.add_weight(shape=(architecture.passes,), initializer="ones", name="steps")
        self.built = True

    def correct(
        self, number: int, canvas: ComplexPair, step: ComplexPair, coverage: Tensor
    ) -> ComplexPair:
        """Return the canvas after pass `number`, given its normalised projection step D."""
        channels = [
            canvas[0] - TYPICAL_TRANSMISSION,
            canvas[1],
            STEP_GAIN * step[0],
            STEP_GAIN * step[1],
            ops.tanh(COVERAGE_GAIN * coverage),
        ]
        image = fold(ops.expand_dims(ops.stack(channels, axis=-1), 0))
        learned = unfold(self.unet(image))[0]
        length = self.steps[number]
        return (
            canvas[0] + length * step[0] + learned[..., 0],
            canvas[1] + length * step[1] + learned[..., 1],
        )

    def call(self, inputs: Mapping[str, Tensor]) -> Canvases:
        """Run every pass over all patterns at once.

        Args:
            inputs: Arrays of a `Batch` by name.

        Returns:
            Object and predicted intensity after each pass.
        """
        probe = inputs["probe_real"], inputs["probe_imaginary"]
        canvas: ComplexPair = inputs["start_real"], inputs["start_imaginary"]
        indices, normaliser = inputs["indices"], inputs["normaliser"]
        shape = tuple(normaliser.shape)
        waves = predicted_waves(canvas, probe, indices)
        objects, intensities = [], []
        for number in range(self.architecture.passes):
            total = projection_sum(waves, inputs["counts"], probe, indices, shape)
            step = total[0] * normaliser, total[1] * normaliser
            canvas = self.correct(number, canvas, step, inputs["coverage"])
            waves = predicted_waves(canvas, probe, indices)
            objects.append(canvas)
            intensities.append(squared_modulus(waves))
        return Canvases(objects, intensities)

    def get_config(self) -> dict[str, Any]:
        """Return what makes the network again; its initial weights do not matter then."""
        return {"architecture": self.architecture.model_dump(mode="json")}
