"""Where a measured scan is cut in two regions, apart by what the light needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tasks.core import Complex, Mask, Real, Real64, StrictModel
from tasks.core.files.metrics_table import MS_SSIM_MIN_PX
from tasks.core.geometry.scored_pixels import expected_sides_px
from tasks.core.physics.probe import energy_width_px, probe_intensity
from tasks.core.study.seeds import Split

FEWEST_POSITIONS = 16
AXES = ("y", "x")
LIGHT_FRACTION = 0.99
HALVINGS = 8
# What the training region keeps of the positions of the test region that is given its 176 px.
LEAST_TRAIN_RATIO = 2 / 3
# Sides are foreseen to some pixels, from the initial probe.
WANTED_SIDE_PX = MS_SSIM_MIN_PX + 8
UM_PER_M = 1e6


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


@dataclass(frozen=True)
class _Cut:
    """A scan along one axis, and where its training region ends [px]."""

    positions_px: Real
    along: Real64
    axis: int
    guard_px: float
    last_px: float = 0.0

    @classmethod
    def along_axis(
        cls, positions_px: Real, probe: Complex, axis: int, params: RegionParams
    ) -> "_Cut":
        asked = params.guard_px
        along = positions_px[:, axis] - positions_px[:, axis].min()
        along = along.max() - along if params.test_first else along
        guard = guard_px(probe, axis) if asked is None else asked
        return cls(positions_px, np.asarray(along), axis, guard)

    @property
    def room_px(self) -> float:
        """What the guard band leaves of the side."""
        return max(0.0, float(self.along.max()) - self.guard_px)

    def at(self, last_px: float) -> "_Cut":
        """Return the cut at another place."""
        return _Cut(self.positions_px, self.along, self.axis, self.guard_px, last_px)

    @property
    def chosen(self) -> dict[Split, Mask]:
        """Which positions are in which region."""
        is_train = self.along <= self.last_px
        return {
            Split.TRAIN: is_train,
            Split.TEST: (self.along >= self.last_px + self.guard_px) & ~is_train,
        }

    @property
    def counts(self) -> dict[Split, int]:
        """How many positions a region has."""
        return {split: int(mask.sum()) for split, mask in self.chosen.items()}

    def sides_px(self, intensity: Real, split: Split) -> tuple[int, int]:
        """Return the sides (y, x) that would be scored of a region; zeros of too few positions."""
        mask = self.chosen[split]
        if mask.sum() < FEWEST_POSITIONS:
            return 0, 0
        return expected_sides_px(self.positions_px[mask], intensity)


def cut_in_regions(positions_px: Real, probe: Complex, params: RegionParams) -> Regions:
    """Cut a scan in two, where the smaller region is largest, or as the parameters say.

    Large is a region whose scored rectangle holds many pixels; of the two directions that counts
    first which leaves the longer side, up to the 176 px of MS-SSIM. Where the test region misses
    these it is given them, as long as the training region keeps two thirds of its
    number of positions. Every exposure is in one region or in the band between them.

    Args:
        positions_px: Positions (y, x) [px], shape (J, 2).
        probe: The initial probe (N, N), or its modes (M, N, N).
        params: What the person asks for.

    Raises:
        ValueError: If the band leaves a region with fewer than 16 positions.
    """
    extent = np.ptp(positions_px, axis=0)
    longer = int(np.argmax(extent))
    cuts = [_Cut.along_axis(positions_px, probe, axis, params) for axis in range(len(AXES))]
    if params.train_fraction is None:
        intensity = probe_intensity(probe)
        cut = max(
            (_largest(cuts[axis], intensity) for axis in (longer, 1 - longer)),
            key=lambda found: _size(found, intensity),
        )
        cut = _with_room_for_scores(cut, intensity)
    else:
        cut = cuts[longer].at(cuts[longer].room_px * params.train_fraction)
    _refuse_small(cut, float(extent[cut.axis]))
    is_train, is_test = (cut.chosen[split] for split in (Split.TRAIN, Split.TEST))
    return Regions(
        {split: np.flatnonzero(mask) for split, mask in cut.chosen.items()},
        cut.axis,
        cut.guard_px,
        float(cut.along[is_test].min() - cut.along[is_train].max()),
        int(np.count_nonzero(~(is_train | is_test))),
        (float(extent[0]), float(extent[1])),
    )


def _size(cut: _Cut, intensity: Real) -> tuple[int, int]:
    """Return the shortest side of both regions, as far as MS-SSIM needs it, and the smaller area.

    Along a scan twice as long as wide two strips are no smaller than two squares, but too narrow.
    """
    sides = [cut.sides_px(intensity, split) for split in Split]
    return min(MS_SSIM_MIN_PX, *map(min, sides)), min(int(np.prod(pair)) for pair in sides)


def _largest(cut: _Cut, intensity: Real) -> _Cut:
    """Return the place where the smaller region is largest, by halving: one grows, one shrinks."""
    low, high = 0.0, cut.room_px
    best, area = cut.at((low + high) / 2), -1
    for _ in range(HALVINGS):
        tried = cut.at((low + high) / 2)
        train, test = (
            int(np.prod(tried.sides_px(intensity, split))) for split in (Split.TRAIN, Split.TEST)
        )
        if min(train, test) > area:
            best, area = tried, min(train, test)
        low, high = (tried.last_px, high) if train < test else (low, tried.last_px)
    return best


def _with_room_for_scores(cut: _Cut, intensity: Real) -> _Cut:
    """Return a cut whose test region has the side that MS-SSIM needs, where one is to be had."""
    if min(cut.sides_px(intensity, Split.TEST)) >= WANTED_SIDE_PX:
        return cut
    low, high, found = 0.0, cut.last_px, None
    for _ in range(HALVINGS):
        tried = cut.at((low + high) / 2)
        if min(tried.sides_px(intensity, Split.TEST)) >= WANTED_SIDE_PX:
            low, found = tried.last_px, tried
        else:
            high = tried.last_px
    if found is None:
        return cut
    counts = found.counts
    keeps = counts[Split.TRAIN] >= max(FEWEST_POSITIONS, LEAST_TRAIN_RATIO * counts[Split.TEST])
    return found if keeps else cut


def _refuse_small(cut: _Cut, extent_px: float) -> None:
    for split, count in cut.counts.items():
        if count < FEWEST_POSITIONS:
            raise ValueError(
                f"A guard band of {cut.guard_px:.4g} px leaves {count} of "
                f"{len(cut.positions_px)} positions to the {split.value} region, at least "
                f"{FEWEST_POSITIONS} are needed: the scan spans {extent_px:.4g} px along "
                f"{AXES[cut.axis]}. Lower --measured.regions.guard-px (the default keeps 99 % of "
                f"the light apart), change --measured.regions.train-fraction, or scan a larger "
                f"area."
            )


def scan_for_ms_ssim(
    sides_px: Sequence[int],
    extent_px: Sequence[float],
    axis: int,
    step_px: float,
    pixel_m: float | None = None,
) -> str | None:
    """Return in words which scan would do for MS-SSIM; None where the sides are large enough.

    Args:
        sides_px: Sides (y, x) of the rectangle that is scored of the test region.
        extent_px: What all positions of the scan span along y and x.
        axis: Along which it is cut: both regions grow by what the test region lacks.
        step_px: Side of the square that one position has for itself.
        pixel_m: Side of an object pixel; None where the file gives no geometry.
    """
    lacking = [max(0, MS_SSIM_MIN_PX - side) for side in sides_px]
    if not any(lacking):
        return None
    lacking[axis] *= len(Split)
    wanted = [extent + more for extent, more in zip(extent_px, lacking, strict=True)]
    n_y, n_x = (int(np.ceil(side / step_px)) + 1 for side in wanted)
    in_um = ""
    if pixel_m is not None:
        y_um, x_um = (side * pixel_m * UM_PER_M for side in wanted)
        in_um = f", {y_um:.3g} x {x_um:.3g} um"
    return (
        f"MS-SSIM needs {MS_SSIM_MIN_PX} px a side, and {sides_px[0]} x {sides_px[1]} px of the "
        f"test region are scored. A scan like this one, its positions spanning about "
        f"{wanted[0]:.0f} x {wanted[1]:.0f} px (y, x{in_um}), would do: about {n_y} x {n_x} "
        f"positions at this step of {step_px:.3g} px"
    )


def guard_that_fits(positions_px: Real, probe: Complex, tried_px: Sequence[float]) -> float | None:
    """Return the first of some guard bands [px] that leaves two regions; None: none does."""
    for tried in tried_px:
        try:
            cut_in_regions(positions_px, probe, RegionParams(guard_px=tried))
        except ValueError:
            continue
        return tried
    return None
