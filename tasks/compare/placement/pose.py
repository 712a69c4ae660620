"""An object that is looked for, and how it is laid over the pixels of another."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tasks.compare.placement.neighbours import ProductCorrelator, binned, neighbour_products
from tasks.compare.placement.orientation import ORIENTATIONS, Orientation
from tasks.compare.placement.resampling import reached, resampled
from tasks.core import Complex, Real
from tasks.core.files.object_file import ObjectWindow
from tasks.core.geometry.patches import Window

# An interpolated part knows so many pixels around it.
AROUND_PX = 8


class ObjectFeatures:
    """An object and what it is found by, computed once: products of neighbours, and their ramp."""

    def __init__(self, object_: Complex) -> None:
        """Take an object, NaN where it is not known, shape (H, W)."""
        self.object_ = object_
        self._correlators: dict[tuple[int, int], ProductCorrelator] = {}

    @property
    def products(self) -> Complex:
        """Its neighbour products, shape (2, H, W)."""
        return self._found[0]

    @property
    def ramp(self) -> Real:
        """The phase ramp that they tell, along (y, x) [rad / px]."""
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[Complex, Real]:
        return neighbour_products(self.object_)

    def correlator(self, bin_px: int, side: int) -> ProductCorrelator:
        """Return what finds products up to a side in its own, in squares of so many pixels."""
        if (bin_px, side) not in self._correlators:
            made = ProductCorrelator(binned(self.products, bin_px), (side, side))
            self._correlators[bin_px, side] = made
        return self._correlators[bin_px, side]


@dataclass(frozen=True)
class Pose:
    """How an object is laid over a base.

    Attributes:
        orientation: What is done to it first.
        scale: Side of its pixels over that of the base.
        origin: Place of its first pixel then, in pixels of the base (y, x).
        correlation: Correlation of its neighbour products with those of the base.
    """

    orientation: Orientation = ORIENTATIONS[0]
    scale: float = 1.0
    origin: tuple[float, float] = (0.0, 0.0)
    correlation: float = 0.0

    def window(self, shape: tuple[int, ...]) -> Window:
        """Return the pixels of the base that an object of a shape reaches."""
        lines = [
            reached(n, self.scale, at)
            for n, at in zip(self.orientation.turned_shape(shape), self.origin, strict=True)
        ]
        (top, bottom), (left, right) = lines
        return Window((top, left), (bottom - top, right - left))

    def lay(self, sought: ObjectFeatures, part: Window | None = None) -> ObjectWindow:
        """Return an object on the pixels of the base, or what it shows of a part, and around."""
        rows, columns = (slice(0, n) for n in self.orientation.turned_shape(sought.object_.shape))
        if part is not None:
            (top, left), (height, width) = part.corner_px, part.shape
            rows = self._below(rows, self.origin[0], top, height)
            columns = self._below(columns, self.origin[1], left, width)
        turned = self.orientation.apply(sought.object_, (rows, columns))
        row, column = (
            at + self.scale * line.start
            for at, line in zip(self.origin, (rows, columns), strict=True)
        )
        ramp = self.orientation.turned_ramp(sought.ramp) if self.scale != 1 else np.zeros(2)
        return resampled(turned, self.scale, (row, column), ramp)

    def _below(self, line: slice, place: float, corner: int, size: int) -> slice:
        """Return the pixels of the object below a line of a base, and around it."""
        first = int(np.floor((corner - place) / self.scale)) - AROUND_PX
        last = int(np.ceil((corner + size - place) / self.scale)) + AROUND_PX
        start = min(max(first, 0), line.stop - 1)
        return slice(start, min(max(last, start + 1), line.stop))

    def moved(self, by: Real, stretch: float, middle: Real) -> "Pose":
        """Return the pose of an object that was found moved, and more so away from a middle.

        Args:
            by: How far content lies beyond its place in the base, at the middle (y, x) [px].
            stretch: How much further it lies a pixel away from the middle.
            middle: The middle in the base (y, x) [px].
        """
        origin = np.asarray(self.origin)
        row, column = origin - by - stretch * (origin - middle)
        return replace(self, scale=self.scale * (1 - stretch), origin=(float(row), float(column)))
