"""Cutting the positions of a scan in two regions with a band between them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.study.seeds import Split
from tasks.regions.params import RegionParams

FEWEST_POSITIONS = 16
AXES = ("y", "x")


@dataclass(frozen=True)
class Regions:
    """The exposures of the two regions, and where they were cut.

    Attributes:
        indices: Rising scan indices of each split.
        axis: Axis along which they lie behind each other: 0 for y, 1 for x.
        guard_px: Least distance between them that was asked for [px].
        gap_px: Distance of the nearest positions along the axis [px].
        n_between: Exposures of the band, which belong to neither.
    """

    indices: dict[Split, NDArray[np.intp]]
    axis: int
    guard_px: float
    gap_px: float
    n_between: int

    @property
    def facts(self) -> dict[str, Any]:
        """The cut as JSON."""
        return {
            "axis": AXES[self.axis],
            "guard_px": self.guard_px,
            "gap_px": self.gap_px,
            "n_between": self.n_between,
            **{f"n_{split.value}": len(found) for split, found in self.indices.items()},
        }


def cut_in_regions(positions_px: NDArray[np.floating], n_px: int, params: RegionParams) -> Regions:
    """Cut a scan across its longer side.

    Every exposure is in one region or in the band between them; none is in both.

    Args:
        positions_px: Positions (y, x) [px], shape (J, 2).
        n_px: Side of a patch [px].
        params: The band and the shares.

    Returns:
        The two regions.

    Raises:
        ValueError: If the band leaves a region with fewer than 16 positions.
    """
    extent = np.ptp(positions_px, axis=0)
    axis = int(np.argmax(extent))
    guard_px = float(n_px) if params.guard_px is None else params.guard_px
    along = positions_px[:, axis] - positions_px[:, axis].min()
    along = along.max() - along if params.test_first else along
    last_train = max(0.0, float(along.max()) - guard_px) * params.train_fraction
    is_train, is_test = along <= last_train, along >= last_train + guard_px
    is_test &= ~is_train
    for split, chosen in ((Split.TRAIN, is_train), (Split.TEST, is_test)):
        if chosen.sum() < FEWEST_POSITIONS:
            raise ValueError(
                f"A guard band of {guard_px:.4g} px leaves {int(chosen.sum())} of "
                f"{len(positions_px)} positions to the {split.value} region, at least "
                f"{FEWEST_POSITIONS} are needed: the scan spans {extent[axis]:.4g} px along "
                f"{AXES[axis]}. Lower guard_px (the probe's diameter keeps most of the light "
                f"apart), change train_fraction, or scan a larger area."
            )
    return Regions(
        {Split.TRAIN: np.flatnonzero(is_train), Split.TEST: np.flatnonzero(is_test)},
        axis,
        guard_px,
        float(along[is_test].min() - along[is_train].max()),
        int(np.count_nonzero(~(is_train | is_test))),
    )
