"""Cost against quality, on the page."""

from collections.abc import Sequence

from markupsafe import Markup

from tasks.report.costs.cost_points import QUALITIES, CostPoint
from tasks.report.costs.pareto_figure import AXIS_LABELS, draw_panel, known_points, label_panel
from tasks.report.page.svg import chart_style, fit_panel, new_panel, svg_markup

PANEL_INCH = (5.0, 3.6)


def cost_charts(points: Sequence[CostPoint], name: str) -> list[Markup]:
    """Return error over CPU-seconds as SVG, a chart a metric that every replicate has.

    Args:
        points: Models at one dose, view and split.
        name: Prefix of ids, unique in the page.
    """
    charts = []
    with chart_style():
        for quality in QUALITIES:
            known = known_points(points, quality)
            if not known:
                continue
            figure, axis = new_panel(PANEL_INCH)
            draw_panel(axis, known, quality)
            fit_panel(figure)  # Fixes where the panel lies, which labels need.
            label_panel(axis, known, quality)
            title = f"{AXIS_LABELS[quality]} over CPU-seconds: " + ", ".join(
                f"{p.model} {p.quality[quality].mean:.3f} after {p.cpu_s.mean:.3g} s" for p in known
            )
            charts.append(svg_markup(figure, f"{name}-{'-'.join(quality)}", title))
    return charts
