"""The unrolled network: a few physics passes on the canvas, each corrected by one shared U-Net.

Every pass cuts the canvas O at each position, propagates it through the probe P to Psi, and
compares the predicted intensity lambda with the counts I on the good pixels:
    r = sqrt((I + 1/4) / (lambda + 1/4)), 1 where the detector does not count
    D = sum_j conj(P_j) F^-1[(r_j - 1) Psi_j] / (sum_j |P_j|^2 + a hundredth of its maximum)
    O <- O + a_k D + UNet(O, D, coverage)
D is the averaged projection onto the measured moduli (Thibault et al., Ultramicroscopy 109, 338
(2009), eq. 9), damped where the counts are few; several modes share r and add up in D, lambda
and |P|^2. Neighbouring patterns agree by construction. The U-Net is not asked about the rim of
the canvas, which no probe lights.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tasks.core.geometry.patches import Window
from tasks.networks.architectures.base import Architecture, Canvases, Channels, Workload
from tasks.networks.architectures.unet import fold, make_unet, unfold
from tasks.networks.exposures import Exposures
from tasks.networks.physics import (
    ComplexPair,
    Tensor,
    ops,
    predicted_intensity,
    predicted_waves,
    projection_sum,
)
from tasks.networks.projections import PhysicsPass

if TYPE_CHECKING:
    from tasks.networks.canvas_network import CanvasNetwork

Passes = Annotated[int, Field(ge=1, le=50)]
TYPICAL_TRANSMISSION = 0.75
STEP_GAIN = 3.0
COVERAGE_GAIN = 0.3
INPUT_CHANNELS = 5


class UnrolledArchitecture(Architecture):
    """A few physics passes on the group's canvas, each corrected by one shared U-Net."""

    needs_initial_guess: ClassVar[bool] = True

    kind: Literal["unrolled"] = "unrolled"
    passes: Passes = Field(2, description="Physics passes that share one U-Net")
    channels: Channels = Field((32, 48, 64), description="Channels of the U-Net's levels")

    @property
    def n_passes(self) -> int:
        """Number of objects that a call returns."""
        return self.passes

    def add_layers(self, network: "CanvasNetwork", seed: int) -> None:
        """Give a new network its U-Net and the length of each step."""
        network.unet = make_unet(self.channels, INPUT_CHANNELS, 2, seed)
        network.steps = network.add_weight(shape=(self.passes,), initializer="ones", name="steps")

    def reconstruct_group(self, network: "CanvasNetwork", inputs: Mapping[str, Tensor]) -> Canvases:
        """Run every pass over all patterns at once."""
        probe = inputs["probe_real"], inputs["probe_imaginary"]
        canvas: ComplexPair = inputs["initial_real"], inputs["initial_imaginary"]
        indices, normaliser = inputs["indices"], inputs["normaliser"]
        counts, good, shape = inputs["counts"], inputs["good"], tuple(normaliser.shape)
        waves = predicted_waves(canvas, probe, indices)
        objects, intensities = [], []
        for number in range(self.passes):
            total = projection_sum(waves, counts, good, probe, indices, shape)
            step = total[0] * normaliser, total[1] * normaliser
            canvas = _correct(network, number, canvas, step, inputs["coverage"])
            waves = predicted_waves(canvas, probe, indices)
            objects.append(canvas)
            intensities.append(predicted_intensity(waves))
        return Canvases(objects, intensities)

    def reconstruct_scan(
        self,
        network: "CanvasNetwork",
        exposures: Exposures,
        canvas: tuple[Window, NDArray[np.complex64]],
        chunk_size: int,
        after_pass: Callable[[int], None],
    ) -> NDArray[np.complex64]:
        """Run every pass over a whole scan: the projections are sums over patterns."""
        window, object_ = canvas
        physics = PhysicsPass.of(exposures, window, chunk_size)
        coverage = ops.convert_to_tensor(physics.coverage)
        for number in range(self.passes):
            step = physics.step(object_)
            pair = _correct(network, number, _tensors(object_), _tensors(step), coverage)
            real, imaginary = (ops.convert_to_numpy(part) for part in pair)
            object_ = (real + 1j * imaginary).astype(np.complex64)
            after_pass(number + 1)
        return np.where(physics.coverage > 0, object_, 0).astype(np.complex64)

    def workload(
        self, network: "CanvasNetwork", n_patterns: int, canvas_shape: tuple[int, int]
    ) -> Workload:
        """Return the U-Net of every pass, and two transforms a pass besides the first."""
        height, width = ((side - 2 * network.geometry.dark_rim_px) // 2 for side in canvas_shape)
        models = [(network.unet, (1, height, width, 4 * INPUT_CHANNELS), self.passes)]
        return Workload(models, transforms=n_patterns * (1 + 2 * self.passes))


def _correct(
    network: "CanvasNetwork",
    number: int,
    canvas: ComplexPair,
    step: ComplexPair,
    coverage: Tensor,
) -> ComplexPair:
    """Return the canvas after pass `number`, given its normalised projection step D."""
    channels = [
        canvas[0] - TYPICAL_TRANSMISSION,
        canvas[1],
        STEP_GAIN * step[0],
        STEP_GAIN * step[1],
        ops.tanh(COVERAGE_GAIN * coverage),
    ]
    rim, (height, width) = network.geometry.dark_rim_px, coverage.shape
    image = ops.stack(channels, axis=-1)[rim : height - rim, rim : width - rim]
    learned = unfold(network.unet(fold(ops.expand_dims(image, 0))))[0]
    learned = ops.pad(ops.cast(learned, "float32"), ((rim, rim), (rim, rim), (0, 0)))
    length = network.steps[number]
    return (
        canvas[0] + length * step[0] + learned[..., 0],
        canvas[1] + length * step[1] + learned[..., 1],
    )


def _tensors(field: NDArray[np.complexfloating]) -> ComplexPair:
    return ops.convert_to_tensor(field.real), ops.convert_to_tensor(field.imag)
