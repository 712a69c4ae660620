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

from tasks.core.files.atomic_files import atomic_path
from tasks.core.study.quality_flags import HIGHER_IS_BETTER, PARTS
from tasks.report.page.svg import (
    INK,
    PAPER,
    VERDICT_COLOURS,
    chart_style,
    fit_panel,
    new_panel,
    svg_markup,
)
from tasks.report.statistics.deltas import HEADLINE, METRICS
from tasks.report.statistics.flags import RIVALS
from tasks.report.texts.interval_texts import interval_text
from tasks.report.texts.text_tables import decimals_of, signed

PANELS = tuple((metric, part) for metric in METRICS for part in PARTS)
SHAPES = {"better": "^", "worse": "v", "inconclusive": "o"}
UNKNOWN_SHAPE = "D"
PANEL_INCH = (5.0, 1.9)
PNG_DPI = 130
ON_PAPER = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.6}
Entry = Mapping[str, Any]


def delta_charts(delta: Mapping[str, Any]) -> list[Markup]:
    """Return one chart a metric and part, those without any delta left out.

    Args:
        delta: Content of `metrics_delta_summary.json`.
    """
    charts = []
    with chart_style():
        for metric, part in PANELS:
            entries = _entries(delta, metric, part)
            if any(entry["delta"] is not None for entry in entries):
                figure, axis = new_panel(PANEL_INCH)
                _draw(axis, entries)
                fit_panel(figure)
                title = f"{_name(metric, part)}: {'; '.join(map(describe, entries))}"
                charts.append(svg_markup(figure, f"delta-{metric}-{part}", title))
    return charts


def write_delta_plot(path: Path, delta: Mapping[str, Any]) -> None:
    """Draw all deltas as PNG, whole or not at all."""
    with chart_style():
        size = (2 * PANEL_INCH[0], 2 * PANEL_INCH[1] + 0.8)
        figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(hspace=0.08, wspace=0.04))
        FigureCanvasAgg(figure)
        axes = figure.subplots(2, 2, squeeze=False)
        for axis, (metric, part) in zip(axes.flat, PANELS, strict=True):
            _draw(axis, _entries(delta, metric, part))
        figure.suptitle(
            f"PtychoPINN minus the other arm, {delta['aggregate_split']} split, 95 % intervals"
        )
        figure.legend(handles=_legend(), loc="outside lower center", ncols=4)
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format="png", dpi=PNG_DPI)


def describe(entry: Entry) -> str:
    """Return a delta in words."""
    value = signed(entry["delta"], decimals_of(entry["half_width"]))
    verdict = entry["verdict"] or "no verdict"
    return f"against {entry['against']} {value}, interval {interval_text(entry)}, {verdict}"


def _entries(delta: Mapping[str, Any], metric: str, part: str) -> list[Entry]:
    """Return the headline deltas of a metric and part, one a rival."""
    return [
        entry
        for entry in delta["comparisons"]
        if (entry["family"], entry["metric"], entry["part"]) == (HEADLINE, metric, part)
    ]


def _draw(axis: Axes, entries: Sequence[Entry]) -> None:
    """Draw one panel: a row a rival, zero where the arms are equal."""
    first = entries[0]
    axis.axvline(0.0, color=INK, lw=1.0)
    for row, entry in enumerate(reversed(entries)):
        _draw_delta(axis, row, entry)
    axis.set_yticks(range(len(entries)), [f"− {entry['against']}" for entry in reversed(entries)])
    axis.set_ylim(-0.55, len(RIVALS) - 0.2)
    axis.grid(visible=False, axis="y")
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    axis.margins(x=0.12)
    _reach_beyond_zero(axis)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axis.set_title(f"Δ {_name(first['metric'], first['part'])}", loc="left", fontsize="medium")
    arrow = "better →" if HIGHER_IS_BETTER[first["metric"]] else "← better"
    axis.set_title(arrow, loc="right", fontsize="medium")


def _draw_delta(axis: Axes, row: int, entry: Entry) -> None:
    """Draw one delta, its interval and its verdict."""
    middle = entry["delta"] if entry["estimate"] is None else entry["estimate"]
    if middle is None:
        axis.text(0.02, row, "unknown", transform=axis.get_yaxis_transform(), bbox=ON_PAPER)
        return
    verdict = entry["verdict"]
    colour = VERDICT_COLOURS.get(verdict, VERDICT_COLOURS["inconclusive"])
    if entry["low"] is not None:
        axis.plot([entry["low"], entry["high"]], [row, row], color=colour, lw=2.2)
    face = colour if verdict in ("better", "worse") else PAPER
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
        colour = VERDICT_COLOURS[verdict]
        face = PAPER if verdict == "inconclusive" else colour
        handles.append(Line2D([], [], marker=shape, color=colour, mfc=face, ms=7, label=verdict))
    colour = VERDICT_COLOURS["inconclusive"]
    unknown = Line2D([], [], marker=UNKNOWN_SHAPE, ls="", color=colour, mfc=PAPER, ms=7)
    unknown.set_label("no interval")
    return [*handles, unknown]


def _name(metric: str, part: str) -> str:
    unit = " [rad]" if (metric, part) == ("mae", "phase") else ""
    return f"{METRICS[metric]} {part}{unit}"
