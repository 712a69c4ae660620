"""Where a measured scan is cut in two regions that share no sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tasks.core import StrictModel
from tasks.core.study.seeds import Split

FEWEST_POSITIONS = 16
AXES = ("y", "x")


class RegionParams(StrictModel):
    """Where a measured scan is cut into a training and a test region."""

    guard_px: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Least distance of a training from a test position along the cut; none: the "
        "side of a patch, so that no object pixel is seen from both [px]",
    )
    train_fraction: float = Field(
        0.6, gt=0, lt=1, description="Share of the training region of what the guard band leaves"
    )
    test_first: bool = Field(
        False, description="The test region begins where the coordinates are smallest"
    )


@dataclass(frozen=True)
class Regions:
    """The exposures of the two regions, and where they were cut.

    Attributes:
        indices: Rising scan indices of each split.
        axis: Axis along which they lie behind each other: 0 for y, 1 for x.
        guard_px: Least distance between them that was asked for.
        gap_px: Distance of the nearest positions along the axis.
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
                f"{AXES[axis]}. Lower --measured.regions.guard-px (the probe's diameter keeps "
                f"most of the light apart), change --measured.regions.train-fraction, or scan a "
                f"larger area."
            )
    return Regions(
        {Split.TRAIN: np.flatnonzero(is_train), Split.TEST: np.flatnonzero(is_test)},
        axis,
        guard_px,
        float(along[is_test].min() - along[is_train].max()),
        int(np.count_nonzero(~(is_train | is_test))),
    )


def guard_that_fits(
    positions_px: NDArray[np.floating], n_px: int, tried_px: Sequence[float]
) -> float | None:
    """Return the first of some guard bands [px] that leaves two regions; None: none does."""
    for guard_px in tried_px:
        try:
            cut_in_regions(positions_px, n_px, RegionParams(guard_px=guard_px))
        except ValueError:
            continue
        return guard_px
    return None
