"""Scan positions, and how much of the sample neighbouring exposures share."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from tasks.core import Real, Real64


def jittered_raster(
    n_rows: int, n_columns: int, step_px: float, jitter_px: float, rng: np.random.Generator
) -> Real64:
    """Return positions (y, x) [px] row by row, first node of the grid at zero, shape (count, 2).

    Each is displaced at random by `jitter_px` at most along each axis. Without the jitter the
    grid's own period shows up in the reconstruction.
    """
    rows, columns = np.mgrid[:n_rows, :n_columns]
    nodes = step_px * np.stack([rows.ravel(), columns.ravel()], axis=1).astype(np.float64)
    return nodes + rng.uniform(-jitter_px, jitter_px, size=nodes.shape)


def disc_overlap_fraction(distance_px: float | Real, diameter_px: float) -> Real64:
    """Return the share of a disc that an equal disc at a distance covers, in [0, 1].

    The lens of two circles (Weisstein, "Circle-Circle Intersection", MathWorld) over the area of
    one: 1 at distance 0, 0.391 at half the diameter, 0 from the diameter on. ValueError if the
    diameter is not positive.
    """
    if not diameter_px > 0:
        raise ValueError(f"Discs need a positive diameter, got {diameter_px} px.")
    ratio = np.clip(np.asarray(distance_px, dtype=np.float64) / diameter_px, 0.0, 1.0)
    return np.asarray(2 / np.pi * (np.arccos(ratio) - ratio * np.sqrt(1 - ratio**2)))


@dataclass(frozen=True)
class MeasuredOverlap:
    """Overlap of neighbouring exposures as it is, not as it was asked for.

    Attributes:
        step_px: Side of the square of sample that one exposure has for itself [px].
        overlap_ratio: Linear overlap, 1 - step / diameter.
        nearest_distance_px: Median distance to the nearest neighbour [px].
        nearest_disc_overlap: Mean area that an exposure's disc shares with its nearest neighbour's.
    """

    step_px: float
    overlap_ratio: float
    nearest_distance_px: float
    nearest_disc_overlap: float


def measure_overlap(positions_px: Real, diameter_px: float) -> MeasuredOverlap:
    """Measure the overlap of a scan from its positions (y, x) [px] and the probe's diameter.

    The step is the square root of the area per exposure; the area is the bounding box of the
    positions plus half a step on every side, so a raster of n x m nodes gives back its own step.
    ValueError for fewer than four positions, or a line of them.
    """
    extent_y, extent_x = np.ptp(positions_px, axis=0) if len(positions_px) else (0.0, 0.0)
    if len(positions_px) < 4 or min(extent_y, extent_x) <= 0:
        raise ValueError(
            f"Overlap needs at least four positions that span an area, got {len(positions_px)} "
            f"over {extent_y:.3g} x {extent_x:.3g} px. Scan more positions along both axes."
        )
    # J s^2 = (extent_y + s) (extent_x + s), solved for the step s.
    count, perimeter = len(positions_px), extent_y + extent_x
    step = (perimeter + np.sqrt(perimeter**2 + 4 * (count - 1) * extent_y * extent_x)) / (
        2 * (count - 1)
    )
    nearest = cKDTree(positions_px).query(positions_px, k=2)[0][:, 1]
    return MeasuredOverlap(
        step_px=float(step),
        overlap_ratio=float(1 - step / diameter_px),
        nearest_distance_px=float(np.median(nearest)),
        nearest_disc_overlap=float(disc_overlap_fraction(nearest, diameter_px).mean()),
    )
