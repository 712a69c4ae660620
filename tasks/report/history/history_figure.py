"""The deltas of every attempt in some hubs, in their order, as a figure."""

import math
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tasks.catalogue.headline import SUBJECT
from tasks.catalogue.metric import PARTS, Metric
from tasks.catalogue.reconstruction import Reconstruction
from tasks.catalogue.reconstructions import OTHER_COLOUR
from tasks.core.files.atomic_files import atomic_path
from tasks.report.history.changes import Measured
from tasks.report.history.history import HubAttempt, told_of

DPI, FONT_PT, MARKER_PT = 120, 8.5, 5.5
PANEL_INCH = (5.2, 3.0)
MOST_LABELS = 24
SHIFT = 0.12
MARKERS = "os^Dv<>phX"


def write_history_plot(path: Path, entries: Sequence[HubAttempt]) -> None:
    """Draw the deltas over the attempts as PNG; whole or not at all.

    A row of panels a metric, a column a part; bars are 95 % intervals, and hollow markers have none
    that is known. Lines join attempts of one hub; one without deltas has a name and no marker.
    """
    others, metrics = told_of(entries)
    size = (PANEL_INCH[0] * len(PARTS), PANEL_INCH[1] * len(metrics) + 1.2)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(metrics), len(PARTS), squeeze=False, sharex=True)
    for row, metric in zip(axes, metrics, strict=True):
        for axis, part in zip(row, metric.parts, strict=False):
            _draw(axis, entries, others, (metric, part))
        for axis in row[len(metric.parts) :]:
            axis.set_axis_off()
    for axis in axes[-1]:
        _label_attempts(axis, entries)
    figure.legend(handles=_legend(others), loc="outside upper center", ncols=3, fontsize=FONT_PT)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)


def _draw(
    axis: Axes,
    entries: Sequence[HubAttempt],
    others: Sequence[Reconstruction],
    which: tuple[Metric, str],
) -> None:
    """Draw one panel: a metric and part."""
    metric, part = which
    axis.set_title(f"{metric.title(part)}: {metric.direction}", fontsize=FONT_PT + 1)
    axis.axhline(0.0, color="#909090", lw=0.8)
    axis.grid(axis="y", color="#E8E8E8", lw=0.6)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=FONT_PT)
    axis.set_xlim(-0.6, len(entries) - 0.4)
    for number, other in enumerate(others):
        shift = SHIFT * (2 * number / (len(others) - 1) - 1)
        for _, members in groupby(enumerate(entries), key=lambda pair: pair[1].hub):
            found = [(x + shift, e.measured(other.name, metric.name, part)) for x, e in members]
            _draw_hub(axis, found, _marker(number), other.colour)


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


def _legend(others: Sequence[Reconstruction]) -> list[Line2D]:
    """Return the entries of the legend."""
    marks = [
        _mark(_marker(number), (other.colour, other.colour), f"{SUBJECT.name} - {other.name}")
        for number, other in enumerate(others)
    ]
    return [*marks, _mark("o", (OTHER_COLOUR, "white"), "no interval known")]


def _marker(number: int) -> str:
    return MARKERS[number % len(MARKERS)]


def _mark(marker: str, colours: tuple[str, str], label: str) -> Line2D:
    edge, face = colours
    return Line2D([], [], ls="", marker=marker, color=edge, mfc=face, ms=MARKER_PT, label=label)


def _label_attempts(axis: Axes, entries: Sequence[HubAttempt]) -> None:
    """Name the attempts below a panel; of many, some."""
    step = -(-len(entries) // MOST_LABELS)
    places = range(0, len(entries), step)
    texts = [
        entries[x].label if entries[x].attempt.deltas else f"{entries[x].label} (no deltas)"
        for x in places
    ]
    axis.set_xticks(list(places), texts, rotation=30, ha="right", fontsize=FONT_PT)
