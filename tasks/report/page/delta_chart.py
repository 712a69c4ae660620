"""Deltas with their intervals as dots and whiskers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from tasks.catalogue.metrics import METRICS
from tasks.core.files.atomic_files import atomic_path
from tasks.report.page import svg
from tasks.report.statistics.told import subject_of, told_deltas
from tasks.report.texts.interval_texts import interval_text, told_columns
from tasks.report.texts.text_tables import decimals_of, signed

SHAPES = {"better": "^", "worse": "v", "inconclusive": "o"}
UNKNOWN_SHAPE = "D"
PANEL_INCH = (5.0, 1.9)
PNG_DPI = 130
ON_PAPER = {"facecolor": svg.PAPER, "edgecolor": "none", "pad": 0.6}
Entry = Mapping[str, Any]


def delta_charts(delta: Mapping[str, Any]) -> list[Markup]:
    """Return one chart a metric and part, those without any delta left out."""
    charts = []
    with svg.chart_style():
        for entries in _panels(delta):
            if any(entry["delta"] is not None for entry in entries):
                figure, axis = svg.new_panel(PANEL_INCH)
                _draw(axis, entries)
                svg.fit_panel(figure)
                title = f"{_name(entries[0])}: {'; '.join(map(describe, entries))}"
                name = "delta-{metric}-{part}".format(**entries[0])
                charts.append(svg.svg_markup(figure, name, title))
    return charts


def write_delta_plot(path: Path, delta: Mapping[str, Any]) -> None:
    """Draw all deltas as PNG, whole or not at all."""
    with svg.chart_style():
        panels = _panels(delta)
        n_rows = max(1, -(-len(panels) // 2))
        size = (2 * PANEL_INCH[0], n_rows * PANEL_INCH[1] + 0.8)
        figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(hspace=0.08, wspace=0.04))
        FigureCanvasAgg(figure)
        axes = list(figure.subplots(n_rows, 2, squeeze=False).flat)
        for axis, entries in zip(axes, panels, strict=False):
            _draw(axis, entries)
        for axis in axes[len(panels) :]:
            axis.set_axis_off()
        figure.suptitle(
            f"{subject_of(delta)} minus the other arm, {delta['aggregate_split']} split, "
            "95 % intervals"
            if panels
            else "One arm was run: there are no deltas"
        )
        figure.legend(handles=_legend(), loc="outside lower center", ncols=4)
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png", dpi=PNG_DPI)


def describe(entry: Entry) -> str:
    """Return a delta in words."""
    value = signed(entry["delta"], decimals_of(entry["half_width"], entry["delta"]))
    verdict = entry["verdict"] or "no verdict"
    return f"against {entry['against']} {value}, interval {interval_text(entry)}, {verdict}"


def _panels(delta: Mapping[str, Any]) -> list[list[Entry]]:
    """Return the deltas that are told, by metric and part, one an arm; none of one arm alone."""
    found = told_deltas(delta)["comparisons"]
    panels = [
        [entry for entry in found if (entry["metric"], entry["part"]) == (metric.name, part)]
        for metric, part in told_columns(delta["directions"])
    ]
    return [entries for entries in panels if entries]


def _draw(axis: Axes, entries: Sequence[Entry]) -> None:
    """Draw one panel: a row an arm, zero where the arms are equal."""
    first = entries[0]
    axis.axvline(0.0, color=svg.INK, lw=1.0)
    for row, entry in enumerate(reversed(entries)):
        _draw_delta(axis, row, entry)
    axis.set_yticks(range(len(entries)), [f"− {entry['against']}" for entry in reversed(entries)])
    axis.set_ylim(-0.55, len(entries) - 0.2)
    axis.grid(visible=False, axis="y")
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    axis.margins(x=0.12)
    _reach_beyond_zero(axis)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axis.set_title(f"Δ {_name(first)}", loc="left", fontsize="medium")
    arrow = "better →" if METRICS.get(first["metric"]).higher_is_better else "← better"
    axis.set_title(arrow, loc="right", fontsize="medium")


def _draw_delta(axis: Axes, row: int, entry: Entry) -> None:
    """Draw one delta, its interval and its verdict."""
    middle = entry["delta"] if entry["estimate"] is None else entry["estimate"]
    if middle is None:
        axis.text(0.02, row, "unknown", transform=axis.get_yaxis_transform(), bbox=ON_PAPER)
        return
    verdict = entry["verdict"]
    colour = svg.VERDICT_COLOURS.get(verdict, svg.VERDICT_COLOURS["inconclusive"])
    if entry["low"] is not None:
        axis.plot([entry["low"], entry["high"]], [row, row], color=colour, lw=2.2)
    face = colour if verdict in ("better", "worse") else svg.PAPER
    shape = SHAPES.get(verdict, UNKNOWN_SHAPE)
    axis.plot(middle, row, shape, ms=7.5, mec=colour, mfc=face, mew=1.6, zorder=3)
    axis.annotate(
        verdict or "no verdict",
        (middle, row),
        (0, 8),
        textcoords="offset points",
        ha="center",
        color=colour,
        bbox=ON_PAPER,
    )


def _reach_beyond_zero(axis: Axes) -> None:
    """Leave room on both sides of zero, so that the line is no frame."""
    low, high = axis.get_xlim()
    room = 0.15 * max(abs(low), abs(high))
    axis.set_xlim(min(low, -room), max(high, room))


def _legend() -> list[Line2D]:
    """Return what shapes and colours mean."""
    handles = []
    for verdict, shape in SHAPES.items():
        colour = svg.VERDICT_COLOURS[verdict]
        face = svg.PAPER if verdict == "inconclusive" else colour
        handles.append(Line2D([], [], marker=shape, color=colour, mfc=face, ms=7, label=verdict))
    colour = svg.VERDICT_COLOURS["inconclusive"]
    unknown = Line2D([], [], ls="", marker=UNKNOWN_SHAPE, color=colour, mfc=svg.PAPER, ms=7)
    unknown.set_label("no interval")
    return [*handles, unknown]


def _name(entry: Entry) -> str:
    return METRICS.get(entry["metric"]).title(entry["part"])
