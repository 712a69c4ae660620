"""The picture of a history: how the deltas moved from attempt to attempt."""

import math
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tasks.core.files.atomic_files import atomic_path
from tasks.core.study.arm_colours import OTHER_COLOUR, colour_of
from tasks.core.study.quality_flags import PARTS
from tasks.report.history.changes import Measured
from tasks.report.history.history import Entry
from tasks.report.statistics.deltas import DIRECTIONS, METRICS
from tasks.report.statistics.flags import RIVALS

PANEL_INCH = (5.2, 3.0)
DPI, FONT_PT, MARKER_PT = 120, 8.5, 5.5
MOST_LABELS = 24
SHIFT = 0.12
MARKERS = ("o", "s")


def write_history_plot(path: Path, entries: Sequence[Entry]) -> None:
    """Draw the deltas over the attempts as PNG; whole or not at all.

    A row of panels a metric, a column a part; bars are 95 % intervals, and hollow markers have none
    that is known. Lines join attempts of one hub; one without deltas has a name and no marker.

    Args:
        path: PNG to write.
        entries: Attempts, in the order to show.
    """
    size = (PANEL_INCH[0] * len(PARTS), PANEL_INCH[1] * len(METRICS) + 1.2)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(METRICS), len(PARTS), squeeze=False, sharex=True)
    for row, metric in zip(axes, METRICS, strict=True):
        for axis, part in zip(row, PARTS, strict=True):
            _draw(axis, entries, metric, part)
    for axis in axes[-1]:
        _label_attempts(axis, entries)
    figure.legend(handles=_legend(), loc="outside upper center", ncols=3, fontsize=FONT_PT)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)


def _draw(axis: Axes, entries: Sequence[Entry], metric: str, part: str) -> None:
    """Draw one panel."""
    unit = " [rad]" if (metric, part) == ("mae", "phase") else ""
    axis.set_title(f"{METRICS[metric]} {part}{unit}: {DIRECTIONS[metric]}", fontsize=FONT_PT + 1)
    axis.axhline(0.0, color="#909090", lw=0.8)
    axis.grid(axis="y", color="#E8E8E8", lw=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=FONT_PT)
    axis.set_xlim(-0.6, len(entries) - 0.4)
    for rival, marker, shift in zip(RIVALS, MARKERS, (-SHIFT, SHIFT), strict=True):
        for _, members in groupby(enumerate(entries), key=lambda pair: pair[1].hub):
            found = [(x + shift, e.measured(rival.value, metric, part)) for x, e in members]
            _draw_hub(axis, found, marker, colour_of(rival.value))


def _draw_hub(
    axis: Axes, found: Sequence[tuple[float, Measured]], marker: str, colour: str
) -> None:
    """Draw one delta over the attempts of one hub; hollow where its interval is not known."""
    known = [(x, m.value, m.half_width) for x, m in found if m.value is not None]
    if not known:
        return
    places, values, half_widths = zip(*known, strict=True)
    bars = [math.nan if half_width is None else half_width for half_width in half_widths]
    axis.errorbar(places, values, bars, fmt="-", color=colour, lw=1.0, capsize=3)
    for x, value, half_width in known:
        face = "white" if half_width is None else colour
        axis.plot(x, value, marker, color=colour, mfc=face, ms=MARKER_PT)


def _legend() -> list[Line2D]:
    """Return the entries of the legend."""
    rivals = [
        _mark(marker, (colour_of(rival.value),) * 2, f"PtychoPINN - {rival.value}")
        for rival, marker in zip(RIVALS, MARKERS, strict=True)
    ]
    return [*rivals, _mark("o", (OTHER_COLOUR, "white"), "no interval known")]


def _mark(marker: str, colours: tuple[str, str], label: str) -> Line2D:
    edge, face = colours
    return Line2D([], [], ls="", marker=marker, color=edge, mfc=face, ms=MARKER_PT, label=label)


def _label_attempts(axis: Axes, entries: Sequence[Entry]) -> None:
    """Name the attempts below a panel; of many, some."""
    step = -(-len(entries) // MOST_LABELS)
    places = range(0, len(entries), step)
    texts = [
        entries[x].label if entries[x].attempt.deltas else f"{entries[x].label} (no deltas)"
        for x in places
    ]
    axis.set_xticks(list(places), texts, rotation=30, ha="right", fontsize=FONT_PT)
