"""Along which axis, and where, a measured scan is best cut in two."""

from dataclasses import dataclass, replace

import numpy as np

from tasks.core import Mask, Real, Real64
from tasks.core.files.metrics_table import MS_SSIM_MIN_PX
from tasks.core.geometry.scored_pixels import expected_sides_px
from tasks.core.study.seeds import Split

FEWEST_POSITIONS = 16
AXES = ("y", "x")
HALVINGS = 8
# What the training region keeps of the positions of the test region that is given its 176 px.
LEAST_TRAIN_RATIO = 2 / 3
# Sides are foreseen to some pixels, from the initial probe.
WANTED_SIDE_PX = MS_SSIM_MIN_PX + 8


@dataclass(frozen=True)
class Cut:
    """A scan along one axis, and where its training region ends [px]."""

    positions_px: Real
    along: Real64
    axis: int
    guard_px: float
    last_px: float = 0.0

    @property
    def room_px(self) -> float:
        """What the guard band leaves of the side."""
        return max(0.0, float(self.along.max()) - self.guard_px)

    def at(self, last_px: float) -> "Cut":
        """Return the cut at another place."""
        return replace(self, last_px=last_px)

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


def size_of(cut: Cut, intensity: Real) -> tuple[int, int]:
    """Return the shortest side of both regions, as far as MS-SSIM needs it, and the smaller area.

    Along a scan twice as long as wide two strips are no smaller than two squares, but too narrow.
    """
    sides = [cut.sides_px(intensity, split) for split in Split]
    return min(MS_SSIM_MIN_PX, *map(min, sides)), min(int(np.prod(pair)) for pair in sides)


def largest_cut(cut: Cut, intensity: Real) -> Cut:
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


def with_room_for_scores(cut: Cut, intensity: Real) -> Cut:
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


def refuse_small(cut: Cut) -> None:
    """Refuse (ValueError) a cut that leaves a region with fewer than 16 positions."""
    extent_px = float(cut.along.max())
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
