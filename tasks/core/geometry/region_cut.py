"""Where a measured scan is cut in two regions, apart by what the light needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tasks.core import Complex, Real, StrictModel
from tasks.core.geometry.cut_place import (
    AXES,
    Cut,
    largest_cut,
    refuse_small,
    size_of,
    with_room_for_scores,
)
from tasks.core.physics.probe import energy_width_px, probe_intensity
from tasks.core.study.seeds import Split

LIGHT_FRACTION = 0.99


class RegionParams(StrictModel):
    """Where a measured scan is cut into a training and a test region."""

    guard_px: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Least distance of a training from a test position along the cut; none: the "
        "width that holds 99 % of the light of the initial probe, all its modes, at most the side "
        "of a patch [px]",
    )
    train_fraction: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Share of the training region of what the guard band leaves of the longer "
        "side; none: direction and place are those where the smaller region is largest",
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
        guard_px: Least distance between them.
        gap_px: Distance of the nearest positions along the axis.
        n_between: Exposures of the band, which belong to neither.
        extent_px: What all positions span along y and x.
    """

    indices: dict[Split, NDArray[np.intp]]
    axis: int
    guard_px: float
    gap_px: float
    n_between: int
    extent_px: tuple[float, float]

    @property
    def facts(self) -> dict[str, Any]:
        """The cut as JSON."""
        return {
            "axis": AXES[self.axis],
            "guard_px": self.guard_px,
            "gap_px": self.gap_px,
            "n_between": self.n_between,
            "extent_px": list(self.extent_px),
            **{f"n_{split.value}": len(found) for split, found in self.indices.items()},
        }


def guard_px(probe: Complex, axis: int, light_fraction: float = LIGHT_FRACTION) -> float:
    """Return the guard band that the light of a probe needs along an axis [px].

    It is the width of the strip that holds the share of the light (`energy_width_px`), at most a
    patch. Of the outermost exposure of a region no more than the rest passes half of the band, on
    both sides of it together. The probe is (N, N), or modes (M, N, N), whose intensities add.
    """
    return min(energy_width_px(probe, axis, light_fraction), float(probe.shape[-1]))


def cut_in_regions(positions_px: Real, probe: Complex, params: RegionParams) -> Regions:
    """Cut a scan in two, where the smaller region is largest, or as the parameters say.

    Large is a region whose scored rectangle holds many pixels; of the two directions that counts
    first which leaves the longer side, up to the 176 px of MS-SSIM. Where the test region misses
    these it is given them, as long as the training region keeps two thirds of its number of
    positions. Every exposure is in one region or in the band between them.

    Args:
        positions_px: Positions (y, x) [px], shape (J, 2).
        probe: The initial probe (N, N), or its modes (M, N, N).
        params: What the person asks for.

    Raises:
        ValueError: If the band leaves a region with fewer than 16 positions.
    """
    extent = np.ptp(positions_px, axis=0)
    longer = int(np.argmax(extent))
    cuts = [_whole(positions_px, probe, axis, params) for axis in range(len(AXES))]
    if params.train_fraction is None:
        intensity = probe_intensity(probe)
        cut = max(
            (largest_cut(cuts[axis], intensity) for axis in (longer, 1 - longer)),
            key=lambda found: size_of(found, intensity),
        )
        cut = with_room_for_scores(cut, intensity)
    else:
        cut = cuts[longer].at(cuts[longer].room_px * params.train_fraction)
    refuse_small(cut)
    is_train, is_test = (cut.chosen[split] for split in (Split.TRAIN, Split.TEST))
    return Regions(
        {split: np.flatnonzero(mask) for split, mask in cut.chosen.items()},
        cut.axis,
        cut.guard_px,
        float(cut.along[is_test].min() - cut.along[is_train].max()),
        int(np.count_nonzero(~(is_train | is_test))),
        (float(extent[0]), float(extent[1])),
    )


def _whole(positions_px: Real, probe: Complex, axis: int, params: RegionParams) -> Cut:
    """Return a scan along an axis from where its training region begins, not cut yet."""
    along = positions_px[:, axis] - positions_px[:, axis].min()
    along = along.max() - along if params.test_first else along
    guard = guard_px(probe, axis) if params.guard_px is None else params.guard_px
    return Cut(positions_px, np.asarray(along), axis, guard)


def guard_that_fits(positions_px: Real, probe: Complex, tried_px: Sequence[float]) -> float | None:
    """Return the first of some guard bands [px] that leaves two regions; None: none does."""
    for tried in tried_px:
        try:
            cut_in_regions(positions_px, probe, RegionParams(guard_px=tried))
        except ValueError:
            continue
        return tried
    return None
