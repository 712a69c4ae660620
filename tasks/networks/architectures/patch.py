"""The patch network: one U-Net per pattern, from its back-projection to the object under it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tasks.networks.architectures.base import Channels, Workload
from tasks.networks.architectures.stitching import StitchedArchitecture, lit_part
from tasks.networks.architectures.unet import fold, make_unet, unfold
from tasks.networks.exposures import InputGeometry
from tasks.networks.physics import (
    ComplexPair,
    Tensor,
    far_field,
    multiply_conjugate,
    near_field,
    ops,
    squared_modulus,
)

if TYPE_CHECKING:
    from tasks.networks.canvas_network import CanvasNetwork

INPUT_CHANNELS = 4
FAINT = 0.05
UNKNOWN_PHASE = 1e-3


class PatchArchitecture(StitchedArchitecture):
    """One U-Net that sees a single pattern; the patches of a group are averaged by their light."""

    kind: Literal["patch"] = "patch"
    channels: Channels = Field((32, 48, 64), description="Channels of the U-Net's levels")

    def image_px(self, geometry: InputGeometry) -> int:
        """Return the side of the lit part of a pattern's patch [px]."""
        return geometry.n_px - 2 * geometry.dark_rim_px

    def add_layers(self, network: "CanvasNetwork", seed: int) -> None:
        """Give a new network its U-Net."""
        self.check_size(network.geometry, len(self.channels))
        network.unet = make_unet(self.channels, INPUT_CHANNELS, 2, seed)

    def object_patches(
        self,
        network: "CanvasNetwork",
        counts: Tensor,
        good: Tensor,
        probe: ComplexPair,
        members: Tensor,  # noqa: ARG002
    ) -> ComplexPair:
        """Return one patch for every pattern, each a group of its own."""
        rim, guess = network.geometry.dark_rim_px, back_projection(counts, good, probe)
        strongest = probe[0][0], probe[1][0]
        scale = ops.rsqrt(ops.max(squared_modulus(strongest), axis=(1, 2), keepdims=True))
        # The probe tells the convolutions where in the patch they are.
        channels = [*guess, scale * strongest[0], scale * strongest[1]]
        image = lit_part(ops.stack(channels), rim)
        learned = unfold(network.unet(fold(ops.transpose(image, (1, 2, 3, 0)))))
        learned = ops.transpose(ops.cast(learned, "float32"), (3, 0, 1, 2))
        patches = ops.expand_dims(image[:2] + learned, 2)
        return patches[0], patches[1]

    def groups_of_batch(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return every pattern alone, shape (J, 1)."""
        return ops.arange(inputs["counts"].shape[0], dtype="int32")[:, None]

    def groups_of_scan(self, positions_px: NDArray[np.floating]) -> NDArray[np.intp]:
        """Return every exposure alone, shape (J, 1)."""
        return np.arange(len(positions_px), dtype=np.intp)[:, None]

    def workload(
        self,
        network: "CanvasNetwork",
        n_patterns: int,
        canvas_shape: tuple[int, int],  # noqa: ARG002
    ) -> Workload:
        """Return the U-Net on every pattern; beam, back-projection and prediction."""
        side = self.image_px(network.geometry) // 2
        image = (n_patterns, side, side, 4 * INPUT_CHANNELS)
        return Workload([(network.unet, image, 1)], transforms=3 * n_patterns)


def back_projection(counts: Tensor, good: Tensor, probe: ComplexPair) -> ComplexPair:
    """Return the object that the phases of the empty beam would give, near zero where it is dark.

    With the far fields Phi of the modes P of the empty beam, and psi = F^-1[r Phi] for
    r = sqrt(I / (sum |Phi|^2 + a thousandth of its mean)), 1 where the detector does not count:

        O = sum conj(P) psi / (sum |P|^2 + a twentieth of its maximum),

    the sums over modes. The photons of the probe cancel, so O is of order one at any dose. Photons
    I and the object under every pattern have shape (J, N, N), zero frequency first, the modes at
    every position (M, J, N, N), and `good`, 1 where the detector counts, (N, N).
    """
    beam = far_field(probe)
    intensity = ops.sum(squared_modulus(beam), axis=0)
    # Where the empty beam has no light, its phase is that of rounding errors alone.
    faint = UNKNOWN_PHASE * ops.mean(intensity, axis=(1, 2), keepdims=True)
    ratio = good * ops.sqrt(counts / (intensity + faint)) + (1.0 - good)
    real, imaginary = multiply_conjugate(probe, near_field((beam[0] * ratio, beam[1] * ratio)))
    light = ops.sum(squared_modulus(probe), axis=0)
    light = light + FAINT * ops.max(light, axis=(1, 2), keepdims=True)
    return ops.sum(real, axis=0) / light, ops.sum(imaginary, axis=0) / light
