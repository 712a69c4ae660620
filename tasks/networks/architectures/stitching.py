"""Networks that predict a patch for every pattern: patches become a canvas by averaging.

Each patch counts in proportion to the probe's intensity w on it, and only where the probe has
light: O = sum_j w_j O_j / sum_j w_j, placed by absolute positions. In training that mean
predicts every pattern of the group, so patches that disagree are punished: the constraint of
Hoidn, Mishra & Mehta, Sci. Rep. 13, 22789 (2023), here for any number of neighbours.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.geometry.patches import Window, place_patches
from tasks.networks import physics
from tasks.networks.architectures.base import Architecture, Canvases
from tasks.networks.batches import as_pair
from tasks.networks.exposures import Exposures, InputGeometry, intensity_of, zero_frequency_first
from tasks.networks.physics import ComplexPair, Tensor, ops, squared_modulus

if TYPE_CHECKING:
    from tasks.networks.canvas_network import CanvasNetwork

UNLIT = 1e-9


class StitchedArchitecture(Architecture):
    """Patches from groups of a few patterns, averaged on the canvas."""

    @property
    def group_size(self) -> int:
        """Patterns that the network sees as one image."""
        return 1

    @abstractmethod
    def image_px(self, geometry: InputGeometry) -> int:
        """Return the side of the image that the network sees [px]."""

    def check_size(self, geometry: InputGeometry, n_levels: int) -> None:
        """Refuse an image that the levels cannot halve.

        ValueError if its side is no multiple of 2 to the number of levels.
        """
        side, multiple = self.image_px(geometry), 2**n_levels
        if side % multiple:
            raise ValueError(
                f"The {self.kind} network halves its image of {side} px (patterns of "
                f"{geometry.n_px} px) down to a {multiple}th, but {side} is no "
                f"multiple of {multiple}. Give `channels` fewer levels, or pad the patterns."
            )

    @abstractmethod
    def object_patches(
        self,
        network: "CanvasNetwork",
        counts: Tensor,
        good: Tensor,
        probe: ComplexPair,
        members: Tensor,
    ) -> ComplexPair:
        """Return the lit part of the object under every pattern of every group.

        Args:
            network: Whose weights to use.
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

    def reconstruct_group(self, network: "CanvasNetwork", inputs: Mapping[str, Tensor]) -> Canvases:
        """Average the patches of a batch; the mean predicts every pattern."""
        probe, counts = (inputs["probe_real"], inputs["probe_imaginary"]), inputs["counts"]
        refuse_other_size(counts.shape[-1], network.geometry)
        members = self.groups_of_batch(inputs)
        patches = self.object_patches(network, counts, inputs["good"], probe, members)
        intensity = ops.sum(squared_modulus(probe), axis=0)
        owners, rim = ops.reshape(members, (-1,)), network.geometry.dark_rim_px
        weights = ops.take(lit_part(intensity / ops.max(intensity), rim), owners, axis=0)
        indices = ops.take(lit_part(inputs["indices"], rim), owners, axis=0)
        height, width = inputs["normaliser"].shape
        canvas = weighted_mean(patches, weights, indices, (height, width))
        waves = physics.predicted_waves(canvas, probe, inputs["indices"])
        return Canvases([canvas], [physics.predicted_intensity(waves)])

    def reconstruct_scan(
        self,
        network: "CanvasNetwork",
        exposures: Exposures,
        canvas: tuple[Window, NDArray[np.complex64]],
        chunk_size: int,
        after_pass: Callable[[int], None],
    ) -> NDArray[np.complex64]:
        """Sum up the weighted patches of a whole scan and their weights."""
        window, _ = canvas  # there is no guess to refine
        refuse_other_size(exposures.n_px, network.geometry)
        groups = self.groups_of_scan(exposures.positions_px)
        n_groups = max(1, chunk_size // self.group_size)
        total = np.zeros(window.shape, dtype=np.complex64)
        light = np.zeros(window.shape, dtype=np.float32)
        for first in range(0, len(groups), n_groups):
            seen, places = np.unique(groups[first : first + n_groups], return_inverse=True)
            members = places.reshape(-1, self.group_size)
            probes = exposures.probes(seen)
            patches = self._patches_of(network, exposures, seen, probes, members)
            intensity = intensity_of(probes)
            weights = lit_part(intensity, network.geometry.dark_rim_px)[members.ravel()]
            inside = window.inside(exposures.positions_px[seen])[members.ravel()]
            total += place_patches(weights * patches, inside, window.shape)
            light += place_patches(weights, inside, window.shape)
        after_pass(1)
        return np.divide(total, light, out=np.zeros_like(total), where=light > 0)

    def _patches_of(
        self,
        network: "CanvasNetwork",
        exposures: Exposures,
        seen: NDArray[np.intp],
        probes: NDArray[np.complex64],
        members: NDArray[np.intp],
    ) -> NDArray[np.complex64]:
        """Return the patches of every group, one after another, shape (G C, n, n)."""
        real, imaginary = self.object_patches(
            network,
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
    """Return the weighted mean of patches on a canvas (H, W), zero where there are none.

    There are K patches in all, each part (..., n, n), with weights (K, n, n), at most about one,
    and the pixels of each in the flattened canvas, (K, n, n).
    """
    flat = tuple(ops.reshape(part, weights.shape) for part in patches)
    total = physics.place_patches((weights * flat[0], weights * flat[1]), indices, shape)
    light = ops.maximum(physics.place_patches((weights, weights), indices, shape)[0], UNLIT)
    return total[0] / light, total[1] / light


def refuse_other_size(n_px: int, geometry: InputGeometry) -> None:
    """Refuse patterns of another size than the network's.

    ValueError if they differ; the message names both.
    """
    if n_px != geometry.n_px:
        raise ValueError(
            f"The network sees patterns of {geometry.n_px} px, got patterns of {n_px} px. Train a "
            f"network on patterns of this size, or crop or pad them to {geometry.n_px} px."
        )
