"""The picture of cost against quality: what a scan costs, and how wrong its reconstruction is."""

import itertools
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tasks.catalogue.metrics import METRICS
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.files.atomic_files import atomic_path
from tasks.figures import plain_log_ticks
from tasks.report.costs.cost_points import QUALITIES, CostPoint, Errors, by_condition, pareto_front
from tasks.report.costs.label_placement import Box, place_labels

PANEL_INCH = (5.2, 3.9)
DPI = 120
MARKER_PT, FONT_PT = 7.5, 8.5
FRONT_COLOUR, LEGEND_COLOUR = "#B0B0B0", "#404040"
LINE_PX = 2.0
MARGINS = (0.25, 0.14)
Place = tuple[float, float]


def write_pareto_plot(path: Path, points: Sequence[CostPoint]) -> None:
    """Draw the error over the CPU-seconds of every model as PNG; whole or not at all.

    A row of panels a dose, view and split, a panel a metric. Filled markers are the
    reconstruction alone, open ones have the training added; bars are standard deviations over
    replicates. The grey step line is the Pareto front of the filled markers.
    """
    conditions = by_condition(points)
    size = (PANEL_INCH[0] * len(QUALITIES), PANEL_INCH[1] * len(conditions) + 0.5)
    figure = Figure(figsize=size, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(conditions), len(QUALITIES), squeeze=False)
    panels = [
        (axis, members, quality)
        for row, members in zip(axes, conditions, strict=True)
        for axis, quality in zip(row, QUALITIES, strict=True)
    ]
    for axis, members, quality in panels:
        draw_panel(axis, members, quality)
        axis.set_title(members[0].title, fontsize=FONT_PT + 1)
    figure.legend(handles=_legend(points), loc="outside upper center", ncols=4, fontsize=FONT_PT)
    figure.draw_without_rendering()  # Fixes where panels lie, which labels need to know.
    for panel in panels:
        label_panel(*panel)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI)


def axis_label(quality: Errors) -> str:
    """Return part, metric and unit, such as `phase MAE [rad]`."""
    metric, part = METRICS.get(quality[0]), quality[1]
    unit = metric.unit_of(part)
    return f"{part} {metric.label} [{unit}]" if unit else f"{part} {metric.label}"


def known_points(points: Sequence[CostPoint], quality: Errors) -> list[CostPoint]:
    """Return the models whose error every replicate knows."""
    return [point for point in points if quality in point.quality]


def draw_panel(axis: Axes, points: Sequence[CostPoint], quality: Errors) -> None:
    """Draw one panel without its labels."""
    known = known_points(points, quality)
    axis.set_xscale("log")
    axis.set_xlabel("CPU time for one scan [s]")
    axis.set_ylabel(axis_label(quality))
    axis.grid(which="major", color="#E8E8E8", lw=0.6)
    axis.set_axisbelow(True)
    for point in known:
        colour, error = RECONSTRUCTIONS.colour_of(point.model), point.quality[quality]
        x, total = point.cpu_s, point.total_cpu_s
        if total.mean > x.mean:
            ends = [x.mean, total.mean], [error.mean, error.mean]
            axis.plot(*ends, color=colour, lw=0.8, alpha=0.7, zorder=2)
            axis.plot(*(end[1:] for end in ends), "o", ms=MARKER_PT, mfc="white", mec=colour)
        axis.errorbar(
            x.mean,
            error.mean,
            xerr=None if x.deviation is None else min(x.deviation, 0.9 * x.mean),
            yerr=error.deviation,
            fmt="o",
            ms=MARKER_PT,
            color=colour,
            elinewidth=1.0,
            zorder=3,
        )
    axis.margins(*MARGINS)
    _draw_front(axis, [_place(point, quality) for point in known])
    plain_log_ticks(axis.xaxis)


def _draw_front(axis: Axes, places: Sequence[Place]) -> None:
    """Draw the best error that a budget buys, as far as the panel reaches."""
    limits = axis.get_xlim(), axis.get_ylim()
    for start, end in _front_segments(axis, places):
        axis.plot(*zip(start, end, strict=True), color=FRONT_COLOUR, lw=1.6, zorder=1)
    axis.set_xlim(*limits[0])
    axis.set_ylim(*limits[1])


def _front_segments(axis: Axes, places: Sequence[Place]) -> list[tuple[Place, Place]]:
    """Return the straight pieces of the step line, from the panel's top to its right."""
    front = pareto_front(places)
    if not front:
        return []
    corners = [(front[0][0], axis.get_ylim()[1])]
    for cost, error in front:
        corners += [(cost, corners[-1][1]), (cost, error)]
    corners.append((axis.get_xlim()[1], front[-1][1]))
    return list(itertools.pairwise(corners))


def label_panel(axis: Axes, points: Sequence[CostPoint], quality: Errors) -> None:
    """Write the name of each model beside its filled marker, where it covers nothing."""
    known = known_points(points, quality)
    places = [_place(point, quality) for point in known]
    colours = [RECONSTRUCTIONS.colour_of(point.model) for point in known]
    texts = [
        axis.text(*place, point.model, color=colour, fontsize=FONT_PT, zorder=4)
        for place, point, colour in zip(places, known, colours, strict=True)
    ]
    sizes = [text.get_window_extent() for text in texts]
    boxes = place_labels(
        [_pixel(axis, place) for place in places],
        [(size.width, size.height) for size in sizes],
        _obstacles(axis, known, quality),
        Box(*axis.get_window_extent().extents),
    )
    for text, box in zip(texts, boxes, strict=True):
        x, y = axis.transData.inverted().transform((box.left, box.bottom))
        text.set_position((float(x), float(y)))
        text.set(va="bottom", ha="left", in_layout=False)


def _obstacles(axis: Axes, points: Sequence[CostPoint], quality: Errors) -> list[Box]:
    """Return what labels must not cover: markers, bars, lines to the training, and the front."""
    places = [_place(point, quality) for point in points]
    segments = _front_segments(axis, places)
    radius_px = MARKER_PT * DPI / 72 / 2 + 1
    boxes = []
    for point, (x, y) in zip(points, places, strict=True):
        trained = (point.total_cpu_s.mean, y)
        markers = [_pixel(axis, place) for place in ((x, y), trained)]
        boxes += [_around(marker, marker, radius_px) for marker in markers]
        dx, dy = point.cpu_s.deviation or 0.0, point.quality[quality].deviation or 0.0
        segments += [
            ((x, y), trained),
            ((max(x - dx, 0.1 * x), y), (x + dx, y)),
            ((x, y - dy), (x, y + dy)),
        ]
    return boxes + [
        _around(_pixel(axis, start), _pixel(axis, end), LINE_PX) for start, end in segments
    ]


def _around(start: Place, end: Place, margin_px: float) -> Box:
    """Return the box of an upright or level line [px]."""
    (left, right), (bottom, top) = (sorted(pair) for pair in zip(start, end, strict=True))
    return Box(left - margin_px, bottom - margin_px, right + margin_px, top + margin_px)


def _pixel(axis: Axes, place: Place) -> Place:
    x, y = axis.transData.transform(place)
    return float(x), float(y)


def _place(point: CostPoint, quality: Errors) -> Place:
    return point.cpu_s.mean, point.quality[quality].mean


def _legend(points: Sequence[CostPoint]) -> list[Line2D]:
    """Return what the markers mean; only what is drawn."""
    handles = [_disc(LEGEND_COLOUR, "reconstruction alone")]
    if any(point.total_cpu_s.mean > point.cpu_s.mean for point in points):
        handles.append(_disc("white", "with its training"))
    label = "Pareto front of reconstructions alone"
    handles.append(Line2D([], [], color=FRONT_COLOUR, lw=1.6, label=label))
    if any(len(point.costs) > 1 for point in points):
        handles.append(Line2D([], [], color=LEGEND_COLOUR, lw=1.0, label="± 1 SD over replicates"))
    return handles


def _disc(face: str, label: str) -> Line2D:
    """Return a marker for the legend."""
    return Line2D([], [], marker="o", ls="", ms=MARKER_PT, mfc=face, mec=LEGEND_COLOUR, label=label)
