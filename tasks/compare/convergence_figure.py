"""The picture of a convergence: the error of every solver against its epochs."""

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tasks.catalogue.headline import OBJECT_ERROR, SOLVER
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.compare.convergence import Convergence
from tasks.core.files.atomic_files import atomic_path
from tasks.figures import plain_log_ticks

QUANTITIES = (
    (OBJECT_ERROR.name, OBJECT_ERROR.label),
    ("amplitude_mae", "MAE amplitude"),
    ("phase_mae", "MAE phase [rad]"),
)
TICKS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
# Curves that lie on each other show through the gaps.
STYLES = (("-", "o"), ("-", "s"), ("--", "^"))
PANEL_INCH = 3.6
DPI = 110


def write_convergence_plot(path: Path, curves: Mapping[str, Convergence], title: str) -> None:
    """Draw the errors against the epochs, as PNG; whole or not at all.

    Epochs are logarithmic from 1 on, with the start (epoch 0) beside; errors are logarithmic. The
    dotted line is the result of the solver from a flat object.
    """
    figure = Figure(figsize=(PANEL_INCH * len(QUANTITIES), PANEL_INCH), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=11)
    plain = curves.get(SOLVER.name)
    last_epoch = max(curve.final.epoch for curve in curves.values())
    panels = figure.subplots(1, len(QUANTITIES))
    for axis, (quantity, label) in zip(panels, QUANTITIES, strict=True):
        for (model, curve), (line, marker) in zip(curves.items(), cycle(STYLES), strict=False):
            axis.plot(
                [one.epoch for one in curve.iterates],
                [getattr(one, quantity) for one in curve.iterates],
                linestyle=line,
                marker=marker,
                markersize=3.5,
                linewidth=1.5,
                color=RECONSTRUCTIONS.colour_of(model),
                label=model,
            )
        if plain is not None:
            axis.axhline(
                getattr(plain.final, quantity),
                color=SOLVER.colour,
                linewidth=0.8,
                linestyle=":",
                label=f"{SOLVER.name}'s result",
            )
        _scale(axis, last_epoch)
        axis.set_title(label, fontsize=10)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)


def _scale(axis: Axes, last_epoch: int) -> None:
    """Set the scales: errors logarithmic, epochs too but for the start."""
    axis.set_yscale("log")
    axis.set_xscale("symlog", linthresh=1, linscale=0.4)
    ticks = [tick for tick in TICKS if tick <= last_epoch]
    axis.set_xticks(ticks, ["start", *(str(tick) for tick in ticks[1:])])
    axis.set_xticks([], minor=True)
    axis.set_xlim(-0.15, last_epoch * 1.15)
    low, high = axis.get_ylim()
    if high / low < 2:
        middle = np.sqrt(low * high)
        axis.set_ylim(middle / np.sqrt(2), middle * np.sqrt(2))
    plain_log_ticks(axis.yaxis)
    axis.grid(alpha=0.25, linewidth=0.5)
    axis.set_xlabel("epochs", fontsize=9)
    axis.tick_params(labelsize=8)
