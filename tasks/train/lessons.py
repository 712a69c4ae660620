"""One step's worth of data for each arm: a group on its canvas, and what judges the network."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.core.object_file import ObjectWindow
from tasks.core.scan_file import Scan
from tasks.core.seeds import Purpose, spawn
from tasks.networks.batches import (
    Canvas,
    as_pair,
    canvas_of,
    make_batch,
    zero_frequency_first,
)
from tasks.train.groups import neighbour_groups, shuffled_forever
from tasks.train.thinning import thin_counts

Lesson = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Course:
    """The groups of a scan, all on canvases of one shape, so that the step is traced once.

    Attributes:
        scan: Exposures to learn from.
        groups: Scan indices of every group, shape (J, group_size).
        canvas_shape: Shape (H, W) of every group's canvas.
        seed: Root seed of order and thinning.
    """

    scan: Scan
    groups: NDArray[np.intp]
    canvas_shape: tuple[int, int]
    seed: int

    @classmethod
    def of(cls, scan: Scan, group_size: int, seed: int) -> "Course":
        """Group a scan."""
        groups = neighbour_groups(scan.positions_px, group_size)
        shapes = [canvas_of(scan.positions_px[group], scan.n_px).shape for group in groups]
        height, width = np.max(shapes, axis=0)
        return cls(scan, groups, (int(height), int(width)), seed)

    def canvases(self) -> Iterator[tuple[NDArray[np.intp], Canvas]]:
        """Yield groups and their canvases in random order, without end."""
        rng = spawn(self.seed, Purpose.MINIBATCHES)
        for number in shuffled_forever(len(self.groups), rng):
            group = self.groups[number]
            yield (
                group,
                canvas_of(self.scan.positions_px[group], self.scan.n_px, self.canvas_shape),
            )


def physics_lessons(course: Course, thinning: float) -> Iterator[Lesson]:
    """Yield groups judged by their own photons: all of them, or those that were not shown.

    Args:
        course: Groups of the training scan.
        thinning: Share of the photons that the network sees; 1 shows and judges by all.

    Yields:
        Inputs of the network with `target_counts` and `target_scale`.
    """
    scan, rng = course.scan, spawn(course.seed, Purpose.SUBSAMPLING)
    for group, canvas in course.canvases():
        counts = scan.diffraction_counts[group]
        seen, judging = thin_counts(counts, thinning, rng) if thinning < 1 else (counts, counts)
        probe = np.sqrt(thinning) * scan.probe
        batch = make_batch(seen, scan.positions_px[group], probe, canvas)
        scale = (1 - thinning) / thinning if thinning < 1 else 1.0
        yield batch.as_inputs() | {
            "target_counts": zero_frequency_first(judging),
            "target_scale": np.array([scale], dtype=np.float32),
        }


def supervised_lessons(course: Course, truth: ObjectWindow) -> Iterator[Lesson]:
    """Yield groups judged by the true object, in proportion to the light that falls.

    The faint rim of a group cannot be known from it, and would otherwise outweigh its middle.

    Args:
        course: Groups of the training scan.
        truth: True object; only the training scan's own canvases are read.

    Yields:
        Inputs of the network with `truth_real`, `truth_imaginary` and `truth_weight`.
    """
    scan = course.scan
    for group, canvas in course.canvases():
        batch = make_batch(
            scan.diffraction_counts[group], scan.positions_px[group], scan.probe, canvas
        )
        true_object = truth.cut(canvas.origin_px, canvas.shape)
        weight = np.where(np.isfinite(true_object), batch.coverage, 0.0).astype(np.float32)
        real, imaginary = as_pair(np.nan_to_num(true_object))
        yield batch.as_inputs() | {
            "truth_real": real,
            "truth_imaginary": imaginary,
            "truth_weight": weight,
        }
