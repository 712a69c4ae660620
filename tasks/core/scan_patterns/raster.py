"""Jittered raster, row by row, and the rectangle that it and every other pattern fills."""

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, Field

from tasks.core import Real64
from tasks.core.geometry.overlap import jittered_raster


class AreaOptions(BaseModel):
    """What the rectangle depends on, apart from the overlap."""

    jitter_fraction: float = Field(
        0.2,
        ge=0,
        le=0.5,
        description="Largest displacement of a raster's position over the step; the other kinds "
        "fill the rectangle that it gives",
    )


@dataclass(frozen=True)
class ScanArea:
    """The rectangle of a jittered raster, which reaches `jitter_px` beyond its outermost nodes.

    Nodes are `n_rows` along y and `n_columns` along x, `step_px` apart [px].
    """

    n_rows: int
    n_columns: int
    step_px: float
    jitter_px: float

    @property
    def count(self) -> int:
        """Number of positions, the same for every kind that fills the rectangle."""
        return self.n_rows * self.n_columns

    @property
    def centre_px(self) -> Real64:
        """Middle (y, x) of the rectangle [px], its first node at zero."""
        return self.step_px * (np.array([self.n_rows, self.n_columns]) - 1.0) / 2

    @property
    def half_sides_px(self) -> Real64:
        """Half of its height and of its width [px]."""
        return self.centre_px + self.jitter_px

    def fill(self, pattern: Real64) -> Real64:
        """Scale a pattern about its origin until the rectangle holds just as many as it should.

        The pattern is unbounded: positions (y, x) in any unit, in acquisition order, shape (K, 2),
        enough to fill the rectangle; the `count` positions inside [px] keep that order.
        """
        reach = np.max(np.abs(pattern) / self.half_sides_px, axis=1)
        inside = np.sort(np.argsort(reach, kind="stable")[: self.count])
        return np.asarray(self.centre_px + pattern[inside] / reach[inside].max())

    def pattern_count(self) -> int:
        """Number of positions of an even disc that is sure to hold the rectangle."""
        disc = np.pi * np.sum(self.half_sides_px**2)
        return int(1.2 * self.count * disc / (4 * np.prod(self.half_sides_px))) + 64


def raster(area: ScanArea, rng: np.random.Generator, _options: object) -> Real64:
    """Return the positions of a jittered raster (y, x) [px], shape (count, 2)."""
    return jittered_raster(area.n_rows, area.n_columns, area.step_px, area.jitter_px, rng)
