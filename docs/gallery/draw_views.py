"""Pictures of what is chosen from a scan."""

from pathlib import Path

import numpy as np
from canvas import SEED, figure_of, save, simulated
from matplotlib.axes import Axes
from numpy.typing import NDArray

from tasks.core.geometry.groups import Groups, nearest_neighbours
from tasks.core.geometry.overlap import jittered_raster, measure_overlap
from tasks.core.geometry.patches import illumination_map, scan_box
from tasks.core.physics.probe import energy_diameter_px
from tasks.core.study.seeds import Purpose, Split, spawn
from tasks.views.exposures import select_nested
from tasks.views.overlap import form_view_groups
from tasks.views.params import View, ViewParams
from tasks.views.stage import show_coverage

BLUE, ORANGE, GREY = "#1f4e79", "#e8743b", "#c0c0c0"
SEED_POINTS = {
    "n_seed_points 5, gridsize 2": ViewParams(n_seed_points=5),
    "subsampling_seed 457": ViewParams(n_seed_points=5, subsampling_seed=457),
    "grouping_seed 124": ViewParams(n_seed_points=5, grouping_seed=124),
    "gridsize 3, n_neighbours 11": ViewParams(n_seed_points=5, gridsize=3, n_neighbours=11),
}


def views(path: Path) -> None:
    """Draw which exposures each view takes of one scan, and the light that they bring."""
    scans, _, folder = simulated(train_positions=(25, 25))
    folder.cleanup()
    scan = scans[Split.TRAIN]
    diameter = energy_diameter_px(scan.probe)
    figure = figure_of(len(View), 1, 3.6)
    axes = figure.subplots(1, len(View))
    for axis, view in zip(axes, View, strict=True):
        chosen = scan.positions_px[select_nested(scan.positions_px, view, diameter)]
        box = scan_box(chosen, scan.n_px)
        light = illumination_map(scan.probe, chosen - box.corner_px, box.shape)
        image = show_coverage(axis, light / light.max(), box, chosen)
        found = measure_overlap(chosen, diameter).overlap_ratio
        wanted = ViewParams(view=view)
        axis.set_title(
            f"{view.value}, {len(chosen)} of {len(scan)} exposures, overlap {found:.2f}\n"
            f"(allowed {wanted.overlap_ratio:g} ± overlap_tolerance {wanted.overlap_tolerance:g})",
            fontsize=10,
        )
    figure.colorbar(image, ax=list(axes), label="light over its largest value", shrink=0.85)
    save(figure, path)


def groups(path: Path) -> None:
    """Draw the groups of one seed point among its nearest neighbours, three samples of them."""
    points = jittered_raster(5, 5, 8.0, 1.6, spawn(SEED, Purpose.SCAN_JITTER))
    params = ViewParams(n_samples=3)
    formed = form_view_groups(points, params)
    mine = formed.members[formed.seed_points == 12]
    near = points[nearest_neighbours(points, np.array([12]), params.n_neighbours)[0]]
    figure = figure_of(3)
    axes = figure.subplots(1, 3)
    for number, (axis, members) in enumerate(zip(axes, mine, strict=True), start=1):
        _draw_points(axis, points, GREY, 5, "exposures")
        _draw_points(axis, near, BLUE, 7, f"n_neighbours {params.n_neighbours}")
        _draw_points(axis, points[members], ORANGE, 10, "group of 4 (gridsize 2)")
        _draw_points(axis, points[members[:1]], "#000000", 5, "seed point")
        axis.set_title(f"sample {number} of n_samples 3", fontsize=10)
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=4)
    save(figure, path)


def seed_points(path: Path) -> None:
    """Draw the groups of a few seed points for some seeds and sizes, each joined to its seed."""
    points = jittered_raster(12, 12, 8.0, 1.6, spawn(SEED, Purpose.SCAN_JITTER))
    figure = figure_of(len(SEED_POINTS))
    axes = figure.subplots(1, len(SEED_POINTS))
    for axis, (title, params) in zip(axes, SEED_POINTS.items(), strict=True):
        _draw_points(axis, points, GREY, 4, "exposures")
        _draw_stars(axis, points, form_view_groups(points, params))
        axis.set_title(title, fontsize=10)
    save(figure, path)


def _draw_points(
    axis: Axes, points: NDArray[np.floating], colour: str, size: float, label: str
) -> None:
    axis.plot(points[:, 1], points[:, 0], "o", color=colour, ms=size, mew=0, label=label)
    axis.set(aspect="equal", xlabel="x [px]")
    if not axis.yaxis_inverted():
        axis.invert_yaxis()


def _draw_stars(axis: Axes, points: NDArray[np.floating], formed: Groups) -> None:
    """Join the members of each group with its seed point."""
    for members in formed.positions_px(points):
        for y, x in members[1:]:
            axis.plot([members[0, 1], x], [members[0, 0], y], "-", color=ORANGE, lw=1.2)
        _draw_points(axis, members, ORANGE, 6, "")
        _draw_points(axis, members[:1], "#000000", 4, "")
