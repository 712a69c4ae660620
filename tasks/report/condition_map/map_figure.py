"""The picture of the map: deltas over dose and overlap, with the lines of break-even."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps, patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from tasks.catalogue.headline import SUBJECT
from tasks.core.files.atomic_files import atomic_path
from tasks.report.condition_map.condition_map import EQUAL_CPU
from tasks.report.condition_map.map_text import MARKS, cell_of, title_of
from tasks.report.texts.text_tables import signed

PANEL_INCH = (3.5, 2.35)
DPI = 120
FONT_PT = 9.0
COLOURS = "BrBG"  # brown for worse, green for better: told apart with any colour vision
UNKNOWN, INK, PAPER = "#D9D9D9", "#000000", "#FFFFFF"
DARK = 0.65
LEAST_SPAN = 0.5
Map = Mapping[str, Any]


def write_condition_map_plot(path: Path, content: Map) -> None:
    """Draw the map as PNG, whole or not at all.

    A row of panels an arm, a panel a metric; the last row is at equal CPU-seconds. Green is in
    favour of the subject, each panel on a scale of its own.
    """
    rows = _rows(content)
    columns = list(dict.fromkeys(title_of(one) for maps in rows for one in maps))
    size = (PANEL_INCH[0] * len(columns), PANEL_INCH[1] * len(rows) + 0.9)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(rows), len(columns), squeeze=False)
    for axes_row, maps in zip(axes, rows, strict=True):
        by_title = {title_of(one): one for one in maps}
        for axis, title in zip(axes_row, columns, strict=True):
            if title in by_title:
                _draw(axis, content, by_title[title])
            else:
                axis.set_axis_off()
    figure.suptitle(f"{SUBJECT.name} minus the other arm, {content['split']} split", fontsize=11)
    figure.legend(handles=_legend(content), loc="outside lower center", ncols=4, fontsize=FONT_PT)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)


def edges(centres: Sequence[float], least: float) -> NDArray[np.floating]:
    """Return the borders of cells about their centres, shape (n + 1,)."""
    places = np.asarray(centres, dtype=float)
    if len(places) == 1:
        return np.array([places[0] - least, places[0] + least])
    middles = (places[1:] + places[:-1]) / 2
    first, last = 2 * places[0] - middles[0], 2 * places[-1] - middles[-1]
    return np.concatenate([[first], middles, [last]])


def heights(content: Map) -> list[float]:
    """Return where the views lie: at their overlaps, or one above the other without them."""
    known = [entry["overlap_ratio"] for entry in content["views"]]
    overlaps = [overlap for overlap in known if overlap is not None]
    return overlaps if len(set(overlaps)) == len(known) else [float(n) for n in range(len(known))]


def _rows(content: Map) -> list[list[Map]]:
    """Return the maps by arm, and those at equal CPU-seconds in a row of their own."""
    grouped: dict[tuple[str, str], list[Map]] = {}
    for one in content["maps"]:
        grouped.setdefault((one["basis"], one["against"]), []).append(one)
    known = [maps for maps in grouped.values() if any(one["side"] for one in maps)]
    return known or list(grouped.values())[:1]


def _draw(axis: Axes, content: Map, one: Map) -> None:
    """Draw one panel."""
    doses, views = content["doses"], [entry["view"] for entry in content["views"]]
    x, y = np.log10(doses), heights(content)
    cells = [[cell_of(one, dose, view) for dose in doses] for view in views]
    sign = 1 if one["direction"].startswith("higher") else -1
    gains = np.array([[_gain(cell, sign) for cell in row] for row in cells])
    span = float(np.nanmax(np.abs(gains))) if np.isfinite(gains).any() else 1.0
    axis.set_facecolor(UNKNOWN)
    axis.pcolormesh(
        edges(x, LEAST_SPAN),
        edges(y, LEAST_SPAN),
        np.ma.masked_invalid(gains),
        cmap=COLOURS,
        vmin=-(span or 1.0),
        vmax=span or 1.0,
        edgecolors=PAPER,
        linewidth=1.5,
    )
    colours = colormaps[COLOURS]
    for place_y, row, gain_row in zip(y, cells, gains, strict=True):
        for place_x, cell, gain in zip(x, row, gain_row, strict=True):
            share = 0.0 if np.isnan(gain) else gain / (span or 1.0)
            ground = UNKNOWN if np.isnan(gain) else colours(0.5 + share / 2)
            axis.text(
                float(place_x),
                place_y,
                _cell_text(cell),
                color=PAPER if abs(share) > DARK else INK,
                ha="center",
                va="center",
                fontsize=FONT_PT,
                linespacing=1.3,
                zorder=4,
                # A line of break-even stays behind the number.
                path_effects=[patheffects.withStroke(linewidth=4, foreground=ground)],
            )
    _draw_break_even(axis, one)
    at_equal_cpu = ", equal CPU s" if one["basis"] == EQUAL_CPU else ""
    axis.set_title(f"{title_of(one)} vs {one['against']}{at_equal_cpu}", fontsize=FONT_PT)
    _label(axis, content, x, y)


def _draw_break_even(axis: Axes, one: Map) -> None:
    """Draw the lines of break-even inside of the measured points."""
    halo = [patheffects.withStroke(linewidth=3.5, foreground=PAPER)]
    for line in one["break_even"]:
        doses, overlaps = zip(*line, strict=True)
        axis.plot(np.log10(doses), overlaps, color=INK, lw=1.6, zorder=3, path_effects=halo)


def _label(axis: Axes, content: Map, x: NDArray[np.floating], y: Sequence[float]) -> None:
    axis.set_xticks(x, [f"{dose:g}" for dose in content["doses"]])
    names = [
        entry["view"]
        if entry["overlap_ratio"] is None
        else f"{entry['view']}\n{entry['overlap_ratio']:.2f}"
        for entry in content["views"]
    ]
    axis.set_yticks(y, names)
    axis.tick_params(labelsize=FONT_PT - 1, length=2)
    axis.set_xlabel("photons per pattern", fontsize=FONT_PT - 1)
    axis.set_ylabel("overlap ratio", fontsize=FONT_PT - 1)


def _gain(cell: Map | None, sign: int) -> float:
    return np.nan if cell is None or cell["delta"] is None else sign * float(cell["delta"])


def _cell_text(cell: Map | None) -> str:
    if cell is None or cell["delta"] is None:
        return "n/a"
    mark = MARKS.get(cell.get("verdict") or "", "").strip()
    decimals = 3 if abs(cell["delta"]) >= 0.0095 else 4
    return f"{signed(cell['delta'], decimals)}\n{mark}".rstrip()


def _legend(content: Map) -> list[Line2D | Patch]:
    """Return what colours, marks and lines mean."""
    verdicts = [
        Line2D([], [], ls="", marker=f"${mark.strip()}$", color=INK, label=f"verdict: {name}")
        for name, mark in MARKS.items()
    ]
    found: list[Line2D | Patch] = [
        Patch(color="#35978F", label=f"{SUBJECT.name} better"),
        Patch(color="#BF812D", label=f"{SUBJECT.name} worse"),
        *verdicts,
    ]
    if any(one["break_even"] for one in content["maps"]):
        label = "break-even, interpolated"
        found.append(Line2D([], [], color=INK, lw=1.6, label=label))
    return found
