"""Networks that predict a patch for every pattern: patches become a canvas by averaging.

Each patch counts in proportion to the probe's intensity w on it, and only where the probe has
light: O = sum_j w_j O_j / sum_j w_j, placed by absolute positions. In training that mean
predicts every pattern of the group, so patches that disagree are punished: the constraint of
Hoidn, Mishra & Mehta, Sci. Rep. 13, 22789 (2023), here for any number of neighbours.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from tasks.core.geometry.patches import Window, place_patches
from tasks.networks import physics
from tasks.networks.architectures.base import Canvases, CanvasNetwork
from tasks.networks.batches import as_pair
from tasks.networks.exposures import Exposures, InputGeometry, intensity_of, zero_frequency_first
from tasks.networks.physics import ComplexPair, Tensor, squared_modulus

UNLIT = 1e-9


class StitchedNetwork(CanvasNetwork):
    """Patches from groups of a few patterns, averaged on the canvas."""

    group_size: int = 1

    def __init__(self, name: str, geometry: InputGeometry, n_px_multiple: int) -> None:
        """Check that patches suit the network.

        Args:
            name: Its kind.
            geometry: Size of the patterns and of the probe's dark rim.
            n_px_multiple: What the side of the network's image is a multiple of.

        Raises:
            ValueError: If it is not.
        """
        super().__init__(name)
        self.geometry = geometry
        side = self.image_px
        if side % n_px_multiple:
            raise ValueError(
                f"The {name} network halves its image of {side} px (patterns of "
                f"{geometry.n_px} px) down to a {n_px_multiple}th, but {side} is no "
                f"multiple of {n_px_multiple}. Give `channels` fewer levels, or pad the patterns."
            )

    @property
    @abstractmethod
    def image_px(self) -> int:
        """Side of the image that the network sees [px]."""

    @abstractmethod
    def object_patches(
        self, counts: Tensor, good: Tensor, probe: ComplexPair, members: Tensor
    ) -> ComplexPair:
        """Return the lit part of the object under every pattern of every group.

        Args:
            counts: Photons, shape (J, N, N), zero frequency first.
            good: 1 where the detector counts, shape (N, N).
            probe: Modes at every position, each (M, J, N, N).
            members: Patterns of each group, shape (G, C).

        Returns:
            Patches as (real, imaginary), each (G, C, n, n), n being N without the dark rim.
        """

    @abstractmethod
    def groups_of_batch(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the patterns of each group of a batch, shape (G, C)."""

    @abstractmethod
    def groups_of_scan(self, positions_px: NDArray[np.floating]) -> NDArray[np.intp]:
        """Return the exposures of each group of a scan, each in one at least, shape (G, C)."""

    def call(self, inputs: Mapping[str, Tensor]) -> Canvases:
        """Average the patches of a batch; the mean predicts every pattern."""
        probe, counts = (inputs["probe_real"], inputs["probe_imaginary"]), inputs["counts"]
        refuse_other_size(counts.shape[-1], self.geometry)
        members = self.groups_of_batch(inputs)
        patches = self.object_patches(counts, inputs["good"], probe, members)
        intensity = ops.sum(squared_modulus(probe), axis=0)
        owners, rim = ops.reshape(members, (-1,)), self.geometry.dark_rim_px
        weights = ops.take(lit_part(intensity / ops.max(intensity), rim), owners, axis=0)
        indices = ops.take(lit_part(inputs["indices"], rim), owners, axis=0)
        height, width = inputs["normaliser"].shape
        canvas = weighted_mean(patches, weights, indices, (height, width))
        waves = physics.predicted_waves(canvas, probe, inputs["indices"])
        return Canvases([canvas], [physics.predicted_intensity(waves)])

    def predict_canvas(
        self,
        exposures: Exposures,
        canvas: Window,
        initial_guess: NDArray[np.complex64],  # noqa: ARG002 - it refines nothing
        chunk_size: int,
        after_pass: Callable[[int], None],
    ) -> NDArray[np.complex64]:
        """Sum up the weighted patches of a whole scan and their weights."""
        refuse_other_size(exposures.n_px, self.geometry)
        groups = self.groups_of_scan(exposures.positions_px)
        n_groups = max(1, chunk_size // self.group_size)
        total = np.zeros(canvas.shape, dtype=np.complex64)
        light = np.zeros(canvas.shape, dtype=np.float32)
        for first in range(0, len(groups), n_groups):
            seen, places = np.unique(groups[first : first + n_groups], return_inverse=True)
            members = places.reshape(-1, self.group_size)
            probes = exposures.probes(seen)
            patches = self._patches_of(exposures, seen, probes, members)
            intensity = intensity_of(probes)
            weights = lit_part(intensity, self.geometry.dark_rim_px)[members.ravel()]
            inside = canvas.inside(exposures.positions_px[seen])[members.ravel()]
            total += place_patches(weights * patches, inside, canvas.shape)
            light += place_patches(weights, inside, canvas.shape)
        after_pass(self.passes)
        return np.divide(total, light, out=np.zeros_like(total), where=light > 0)

    def _patches_of(
        self,
        exposures: Exposures,
        seen: NDArray[np.intp],
        probes: NDArray[np.complex64],
        members: NDArray[np.intp],
    ) -> NDArray[np.complex64]:
        real, imaginary = self.object_patches(
            ops.convert_to_tensor(exposures.counts(seen)),
            ops.convert_to_tensor(zero_frequency_first(exposures.good_pixels)),
            tuple(ops.convert_to_tensor(part) for part in as_pair(probes)),
            ops.convert_to_tensor(members.astype(np.int32)),
        )
        patches = ops.convert_to_numpy(real) + 1j * ops.convert_to_numpy(imaginary)
        return np.asarray(patches.reshape(-1, *patches.shape[-2:]), dtype=np.complex64)


def lit_part(images: Any, rim_px: int) -> Any:
    """Return images, shape (..., N, N), without their dark rim."""
    n_px = images.shape[-1]
    return images[..., rim_px : n_px - rim_px, rim_px : n_px - rim_px]


def weighted_mean(
    patches: ComplexPair, weights: Tensor, indices: Tensor, shape: tuple[int, int]
) -> ComplexPair:
    """Return the weighted mean of patches on a canvas, zero where there are none.

    Args:
        patches: Patches, each (..., n, n) with K patches in all.
        weights: Weights, shape (K, n, n), at most about one.
        indices: Pixels of every patch in the flattened canvas, shape (K, n, n).
        shape: Shape (H, W) of the canvas.
    """
    flat = tuple(ops.reshape(part, weights.shape) for part in patches)
    total = physics.place_patches((weights * flat[0], weights * flat[1]), indices, shape)
    light = ops.maximum(physics.place_patches((weights, weights), indices, shape)[0], UNLIT)
    return total[0] / light, total[1] / light


def refuse_other_size(n_px: int, geometry: InputGeometry) -> None:
    """Refuse patterns of another size than the network's.

    Raises:
        ValueError: If they differ; the message names both.
    """
    if n_px != geometry.n_px:
        raise ValueError(
            f"The network sees patterns of {geometry.n_px} px, got patterns of {n_px} px. Train a "
            f"network on patterns of this size, or crop or pad them to {geometry.n_px} px."
        )
