"""Labels beside points, where they cover neither points nor each other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Offset = tuple[float, float]
# Towards the right first, where one reads on, then up, down and to the left, ever farther.
DIRECTIONS = ((1, 0), (1, 1), (1, -1), (0, 1), (0, -1), (-1, 1), (-1, -1), (-1, 0))
DISTANCES_PX = (9.0, 16.0, 26.0, 40.0, 58.0)
# What it counts, as if so much were covered, to stand nearer to another point than to one's own.
MISLEADING_PX2 = 100.0


@dataclass(frozen=True)
class Box:
    """A rectangle on the page [px], y upwards."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: "Box") -> float:
        """Return the common area [px^2]."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(width, 0.0) * max(height, 0.0)

    def distance_to(self, point: Offset) -> float:
        """Return how far a point is from the box [px]; 0 inside."""
        across = max(self.left - point[0], point[0] - self.right, 0.0)
        along = max(self.bottom - point[1], point[1] - self.top, 0.0)
        return math.hypot(across, along)

    @property
    def area(self) -> float:
        """Area [px^2]."""
        return (self.right - self.left) * (self.top - self.bottom)


def place_labels(
    anchors: Sequence[Offset], sizes: Sequence[Offset], obstacles: Sequence[Box], frame: Box
) -> list[Box]:
    """Return where each label goes: the nearest place that covers nothing and stays in the frame.

    One label after the other, first those with the fewest free places; where no place is free, the
    one that covers least is taken. Anchors (x, y) and sizes (width, height) are in pixels.
    """
    candidates = [
        [
            _beside(anchor, size, direction, distance)
            for distance in DISTANCES_PX
            for direction in DIRECTIONS
        ]
        for anchor, size in zip(anchors, sizes, strict=True)
    ]

    def burden(place: int, box: Box) -> float:
        own = box.distance_to(anchors[place])
        misleading = any(box.distance_to(anchor) < own for anchor in anchors)
        covered = box.area - box.overlap(frame) + sum(box.overlap(other) for other in obstacles)
        return covered + MISLEADING_PX2 * misleading

    # What a place covers but for other labels is the same whenever it is asked for.
    burdens = [[burden(n, box) for box in boxes] for n, boxes in enumerate(candidates)]
    placed: dict[int, Box] = {}
    for number in sorted(range(len(anchors)), key=lambda n: burdens[n].count(0)):
        choices = zip(candidates[number], burdens[number], strict=True)
        placed[number], _ = min(
            choices,
            key=lambda choice: choice[1] + sum(choice[0].overlap(o) for o in placed.values()),
        )
    return [placed[number] for number in range(len(anchors))]


def _beside(anchor: Offset, size: Offset, direction: Offset, distance_px: float) -> Box:
    """Return the box of a label in a direction from its point."""
    scale = distance_px / (direction[0] ** 2 + direction[1] ** 2) ** 0.5
    x, y = (point + scale * way for point, way in zip(anchor, direction, strict=True))
    left = x + size[0] * (direction[0] - 1) / 2
    bottom = y + size[1] * (direction[1] - 1) / 2
    return Box(left, bottom, left + size[0], bottom + size[1])
