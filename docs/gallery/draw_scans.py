"""Pictures of where the probe goes."""

import tempfile
from pathlib import Path

import numpy as np
from canvas import SEED, figure_of, save
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from tasks.core.geometry.overlap import jittered_raster
from tasks.core.objects import ObjectParams
from tasks.core.physics.probe import energy_diameter_px
from tasks.core.scan_patterns import FILE_KIND, SCAN_PATTERNS, ScanParams, scan_path
from tasks.core.study.seeds import Purpose, Split, spawn
from tasks.simulate.faults import place_exposures
from tasks.simulate.fly_scan import lay_out_scans, make_probe, make_sample
from tasks.simulate.params import InstrumentParams, SimulationParams
from tasks.simulate.simulation_figure import SPLIT_COLOURS, show_amplitude

BLUE, ORANGE, GREY = "#1f4e79", "#e8743b", "#c0c0c0"
LAYOUTS = {
    "one object": SimulationParams(train_positions=(20, 30), test_positions=(23, 23)),
    "test_object siemens_star": SimulationParams(
        train_positions=(20, 30),
        test_positions=(23, 23),
        test_object=ObjectParams(kind="siemens_star"),
    ),
}


def _diameter_px() -> float:
    return energy_diameter_px(make_probe(SimulationParams()))


def positions(path: Path) -> None:
    """Draw positions and the probe's discs for some overlaps, without jitter and with it."""
    diameter = _diameter_px()
    figure = figure_of(3)
    axes = figure.subplots(1, 3)
    for axis, (overlap, jitter) in zip(axes, ((0.7, 0.0), (0.7, 0.2), (0.2, 0.2)), strict=True):
        step = (1 - overlap) * diameter
        count = 1 + round(4 * diameter / step)
        rng = spawn(SEED, Purpose.SCAN_JITTER)
        points = jittered_raster(count, count, step, jitter * step, rng)
        axis.plot(points[:, 1], points[:, 0], ".", color=BLUE, ms=3, mew=0)
        _draw_discs(axis, points[: 3 * count : count + 1], diameter)
        axis.set_title(f"overlap {overlap}, jitter {jitter} steps", fontsize=10)
        axis.set(aspect="equal", xlabel="x [px]")
        axis.invert_yaxis()
    axes[0].set_ylabel("y [px]")
    save(figure, path)


def _draw_discs(axis: Axes, centres_px: NDArray[np.floating], diameter_px: float) -> None:
    angle = np.linspace(0, 2 * np.pi, 100)
    for row, column in centres_px:
        axis.plot(
            column + diameter_px / 2 * np.cos(angle),
            row + diameter_px / 2 * np.sin(angle),
            color=ORANGE,
            lw=1.2,
        )


def scans(path: Path) -> None:
    """Draw the positions of every kind of scan, joined in the order of acquisition."""
    kinds = list(SCAN_PATTERNS)
    diameter = _diameter_px()
    figure = figure_of(len(kinds))
    axes = figure.subplots(1, len(kinds))
    for axis, kind in zip(axes, kinds, strict=True):
        points = _points_of(kind, diameter)
        axis.plot(points[:, 1], points[:, 0], "-", color=GREY, lw=0.4)
        axis.plot(points[:, 1], points[:, 0], ".", color=BLUE, ms=5, mew=0)
        axis.set_title("file: a path of your own" if kind == FILE_KIND else kind, fontsize=10)
        axis.set(aspect="equal", xlabel="x [px]")
        axis.invert_yaxis()
    axes[0].set_ylabel("y [px]")
    save(figure, path)


def _points_of(kind: str, diameter_px: float) -> NDArray[np.floating]:
    """Return the positions of a kind of scan; of a file, those of a figure of eight."""
    turn = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    with tempfile.TemporaryDirectory() as folder:
        params = ScanParams(kind="raster")
        if kind == FILE_KIND:
            file = Path(folder) / "positions.npy"
            np.save(file, np.stack([57 * np.sin(2 * turn), 57 * np.sin(turn)], axis=1))
            params = ScanParams(kind=kind, path=file)
        elif kind != "raster":
            params = ScanParams(kind=kind)
        rng = spawn(SEED, Purpose.SCAN_JITTER)
        return scan_path(params, (15, 15), diameter_px, rng).positions_px


def layout(path: Path) -> None:
    """Draw both scans on one object and on two, with the guard band and the least span."""
    figure = figure_of(len(LAYOUTS), 1, 3.4, title_lines=12)
    axes = figure.subplots(1, len(LAYOUTS))
    for axis, (title, params) in zip(axes, LAYOUTS.items(), strict=True):
        placed = lay_out_scans(params, _diameter_px())
        show_amplitude(axis, make_sample(params, placed), title).set_cmap("gray")
        for split, points in placed.positions_px.items():
            size = getattr(params, f"{split.value}_positions")
            name = f"{split.value}_positions {size[0]} {size[1]}"
            colour = SPLIT_COLOURS[split]
            axis.plot(points[:, 1], points[:, 0], "o", color=colour, ms=3, mew=0, label=name)
        width = placed.shape[1]
        top = placed.test_row_px - placed.guard_px
        band = Rectangle((0, top), width - 1, placed.guard_px, color="#2ca02c", alpha=0.6)
        band.set_label("guard band")
        axis.add_patch(band)
        first = placed.positions_px[Split.TEST].min(axis=0)
        side = params.min_test_span_px
        least = Rectangle((first[1], first[0]), side, side, fill=False, lw=2.0, ec="red", ls="--")
        least.set_label("min_test_span_px")
        axis.add_patch(least)
        axis.set(xlabel="x [px]", ylabel="y [px]")
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, markerscale=2)
    save(figure, path)


def stage_error(path: Path) -> None:
    """Draw positions as asked for and as they are, and which of them the file holds."""
    rng = spawn(SEED, Purpose.SCAN_JITTER)
    asked = jittered_raster(7, 7, 8.0, 1.6, rng)
    figure = figure_of(3)
    cases = ((0.0, False), (1.5, False), (1.5, True))
    for axis, (error, known) in zip(figure.subplots(1, 3), cases, strict=True):
        faults = InstrumentParams(position_error_px=error, position_error_known=known)
        placed = place_exposures(faults, asked, SEED, Split.TRAIN)
        for start, end in zip(asked, placed.true_px, strict=True):
            axis.plot([start[1], end[1]], [start[0], end[0]], "-", color=GREY, lw=1.0)
        (y, x), (recorded_y, recorded_x) = placed.true_px.T, placed.recorded_px.T
        axis.plot(x, y, "o", color=ORANGE, ms=7, mew=0, label="exposed here")
        axis.plot(recorded_x, recorded_y, "+", color=BLUE, ms=7, label="in the file")
        title = f"position_error_px {error:g}\nposition_error_known {str(known).lower()}"
        axis.set_title(title, fontsize=10)
        axis.set(aspect="equal", xlabel="x [px]")
        axis.invert_yaxis()
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    save(figure, path)
