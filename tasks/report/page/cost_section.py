"""Cost beside quality on the page: a table and charts for each condition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from tasks.core.files.metrics_table import MetricRow
from tasks.core.study.hub_layout import COST_TABLE
from tasks.report.costs.cost_points import QUALITIES, CostPoint, by_condition, cost_points
from tasks.report.costs.cost_table import COST_HEADER, cost_cells, read_costs
from tasks.report.costs.pareto_figure import axis_label, draw_panel, known_points, label_panel
from tasks.report.page.page_files import PageFiles
from tasks.report.page.svg import chart_style, fit_panel, new_panel, svg_markup
from tasks.report.statistics.paired_scores import key_of

# Conditions with charts; of further ones there are tables, and `pareto.png` shows all.
MOST_CHARTED = 6
PANEL_INCH = (5.0, 3.6)


@dataclass(frozen=True)
class CostSection:
    """Costs at one dose, view and split, over all replicates."""

    title: str
    header: tuple[str, ...]
    rows: list[list[str]]
    charts: list[Markup]


def cost_sections(files: PageFiles, summary: Mapping[str, Any]) -> list[CostSection]:
    """Return what reconstructions of the headline split cost; none where no table says."""
    costs = files.read(COST_TABLE, read_costs) or []
    tables = {
        key_of(job): [MetricRow(**row) for row in (*job["metrics"], *job["controls"])]
        for job in summary["jobs"]
    }
    known = [cost for cost in costs if cost.key in tables]
    shown = [cost for cost in known if cost.key.split == summary["aggregate_split"]] or known
    return [
        CostSection(
            title=members[0].title,
            header=COST_HEADER,
            rows=cost_cells(members),
            charts=cost_charts(members, f"cost-{number}") if number <= MOST_CHARTED else [],
        )
        for number, members in enumerate(by_condition(cost_points(shown, tables)), start=1)
    ]


def cost_charts(points: Sequence[CostPoint], name: str) -> list[Markup]:
    """Return error over CPU-seconds as SVG, a chart a metric that every replicate has."""
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
            title = f"{axis_label(quality)} over CPU-seconds: " + ", ".join(
                f"{p.model} {p.quality[quality].mean:.3f} after {p.cpu_s.mean:.3g} s" for p in known
            )
            charts.append(svg_markup(figure, f"{name}-{'-'.join(quality)}", title))
    return charts
