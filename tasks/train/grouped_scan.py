"""A scan in groups of neighbouring patterns, what a network sees at one step.

A compact block of it can be put aside, to see when training stops helping.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tasks.core.geometry.overlap import measure_overlap
from tasks.core.geometry.patches import Window
from tasks.core.study.seeds import Purpose, spawn_sequence
from tasks.networks.batches import canvas_of
from tasks.networks.exposures import Exposures
from tasks.train.photon_thinning import PhotonThinning

LARGEST_LOSS_OF_GROUPS = 0.5


@dataclass(frozen=True)
class GroupedScan:
    """The groups of a scan, all on canvases of one shape, so that the step is traced once.

    Groups hold scan indices, shape (G, group_size); the seed is that of their order.
    """

    thinning: PhotonThinning
    groups: NDArray[np.intp]
    canvas_shape: tuple[int, int]
    seed: int

    @classmethod
    def of(cls, thinning: PhotonThinning, group_size: int, seed: int) -> "GroupedScan":
        """Group the exposures."""
        exposures = thinning.exposures
        groups = neighbour_groups(exposures.positions_px, group_size)
        shapes = [
            canvas_of(exposures.positions_px[group], exposures.n_px).shape for group in groups
        ]
        height, width = np.max(shapes, axis=0)
        return cls(thinning, groups, (int(height), int(width)), seed)

    @property
    def exposures(self) -> Exposures:
        """The scan, with all its photons."""
        return self.thinning.exposures

    def group(self, number: int) -> tuple[NDArray[np.intp], Window]:
        """Return the group of a batch by its number, and its canvas; each comes once an epoch."""
        epoch, place = divmod(number, len(self.groups))
        order = spawn_sequence(self.seed, Purpose.MINIBATCHES)
        rng = np.random.default_rng([*order.generate_state(4), epoch])
        group = self.groups[rng.permutation(len(self.groups))[place]]
        positions_px = self.exposures.positions_px[group]
        return group, canvas_of(positions_px, self.exposures.n_px, self.canvas_shape)


def neighbour_groups(positions_px: NDArray[np.floating], group_size: int) -> NDArray[np.intp]:
    """Return one compact group of neighbours for every position, rising indices (J, group_size).

    Groups are squares, and one whose centre lies near the edge of the scan is moved inward, so
    that all groups need a canvas of about the same size.

    Raises:
        ValueError: If the scan has fewer patterns than a group.
    """
    if len(positions_px) < group_size:
        raise ValueError(
            f"A group needs {group_size} patterns, but the view has {len(positions_px)}. Lower "
            f"group_size to {len(positions_px)} or less, or scan more positions."
        )
    half = np.sqrt(group_size) / 2 * measure_overlap(positions_px, 1.0).step_px
    first, last = positions_px.min(axis=0), positions_px.max(axis=0)
    middle = (first + last) / 2
    centres = np.clip(
        positions_px, np.minimum(first + half, middle), np.maximum(last - half, middle)
    )
    _, groups = cKDTree(positions_px).query(centres, k=group_size, p=np.inf)
    return np.sort(groups, axis=1).astype(np.intp)


def hold_out(scan: GroupedScan, fraction: float) -> tuple[GroupedScan, GroupedScan | None]:
    """Split the groups of a scan in those to learn from and those of the validation.

    A fraction of the exposures is held out: a block in the corner of the scan with the smallest
    coordinates. Groups are those of the whole scan, so all keep their compact shape; one that
    touches the block without lying in it belongs to neither part. None is held out if the fraction
    is 0, or more than half of the groups would be lost.
    """
    if fraction <= 0:
        return scan, None
    is_held = _corner_block(scan, fraction)
    held_members = is_held[scan.groups]
    is_training = ~held_members.any(axis=1)
    if is_training.mean() < 1 - LARGEST_LOSS_OF_GROUPS:
        return scan, None
    held = np.unique(scan.groups[held_members.all(axis=1)], axis=0)
    return replace(scan, groups=scan.groups[is_training]), replace(scan, groups=held)


def _corner_block(scan: GroupedScan, fraction: float) -> NDArray[np.bool_]:
    """Return which exposures are held out, shape (J,): at least one whole group."""
    positions = scan.exposures.positions_px
    from_corner = np.max(positions - positions.min(axis=0), axis=1)
    order = np.argsort(from_corner, kind="stable")
    is_held = np.zeros(len(positions), dtype=np.bool_)
    is_held[order[: int(np.ceil(fraction * len(positions)))]] = True
    is_held[scan.groups[order[0]]] = True
    return is_held
