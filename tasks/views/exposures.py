"""Which exposures of a scan a view has, and whether they overlap as its name says."""

import numpy as np
from scipy.spatial import cKDTree

from tasks.core import Indices, Real
from tasks.core.geometry.overlap import MeasuredOverlap, measure_overlap
from tasks.views.params import OVERLAP_RATIO, View, ViewParams

# Rasters that are tried, the wanted step first: a small scan's own step may not divide it.
STEP_FACTORS = (1.0, *(1 + sign * percent / 100 for percent in range(1, 13) for sign in (-1, 1)))
STEP_TOLERANCE = 0.04


def exposures_of_view(
    params: ViewParams, positions_px: Real, diameter_px: float
) -> tuple[Indices, MeasuredOverlap]:
    """Return the exposures of a view, rising, and how much they overlap.

    Args:
        params: The view.
        positions_px: Positions (y, x) of the scan [px], shape (J, 2).
        diameter_px: Diameter of the probe, which holds 90 % of its energy.

    Raises:
        ValueError: If their overlap is not what the view's name says.
    """
    if params.overlap_ratio is None:
        every = np.arange(len(positions_px), dtype=np.intp)
        return every, measure_overlap(positions_px, diameter_px)
    indices = select_nested(positions_px, params.view, diameter_px)
    measured = measure_overlap(positions_px[indices], diameter_px)
    check_overlap(measured, params.overlap_ratio, params.overlap_tolerance, params.name)
    return indices, measured


def select_exposures(positions_px: Real, step_px: float) -> Indices:
    """Choose the exposures nearest to the nodes of a raster with the wanted step; rising indices.

    The raster is centred on the scan and spans it; each exposure is chosen at most once. A
    raster as fine as the scan itself takes every exposure. Where the chosen exposures measure
    more than 4 % off the wanted step, slightly finer and coarser rasters are tried too.
    """
    if step_px <= measure_overlap(positions_px, 1.0).step_px * 1.1:
        return np.arange(len(positions_px), dtype=np.intp)
    tree = cKDTree(positions_px)
    found: list[tuple[float, Indices]] = []
    for factor in STEP_FACTORS:
        _, nearest = tree.query(_raster_nodes(positions_px, factor * step_px))
        chosen = np.unique(nearest).astype(np.intp)
        error = _step_error(positions_px[chosen], step_px)
        if error <= STEP_TOLERANCE:
            return chosen
        found.append((error, chosen))
    return min(found, key=lambda pair: pair[0])[1]


def _raster_nodes(positions_px: Real, step_px: float) -> Real:
    """Return the nodes (y, x) [px] of the largest raster inside a scan, centred on it."""
    axes = []
    for first, last in zip(positions_px.min(axis=0), positions_px.max(axis=0), strict=True):
        count = int((last - first) // step_px) + 1
        start = (first + last - (count - 1) * step_px) / 2
        axes.append(start + step_px * np.arange(count))
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)


def _step_error(positions_px: Real, step_px: float) -> float:
    """Return how far the measured step is from the wanted one, relative to it."""
    if len(positions_px) < 4 or np.ptp(positions_px, axis=0).min() <= 0:
        return float("inf")
    return abs(measure_overlap(positions_px, 1.0).step_px / step_px - 1)


def select_nested(positions_px: Real, view: View, diameter_px: float) -> Indices:
    """Choose the exposures of a view from those of every denser view; rising indices.

    So the sparse view is a subset of the dense one, however fine the scan is, and the two are
    paired: they differ in overlap and in nothing else.
    """
    indices = np.arange(len(positions_px), dtype=np.intp)
    ratios = sorted(OVERLAP_RATIO.values(), reverse=True)
    for ratio in ratios[: ratios.index(OVERLAP_RATIO[view]) + 1]:
        indices = indices[select_exposures(positions_px[indices], (1 - ratio) * diameter_px)]
    return indices


def check_overlap(measured: MeasuredOverlap, nominal: float, tolerance: float, view: str) -> None:
    """Refuse a view whose measured overlap is further from its name's than the tolerance."""
    if abs(measured.overlap_ratio - nominal) > tolerance:
        raise ValueError(
            f"The {view} view should overlap by {nominal:.2f} +- {tolerance:.2f}, but its "
            f"exposures overlap by {measured.overlap_ratio:.3f} (step {measured.step_px:.2f} px). "
            f"Scan with scan.overlap_ratio {nominal:.2f} or more, over a larger region."
        )
