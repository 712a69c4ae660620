"""What a run was and took: source, machine, stages, and what reconstructions cost for how good."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from markupsafe import Markup

from tasks.core.files.metrics_table import MetricRow
from tasks.core.study.hub_layout import COST_TABLE
from tasks.core.study.stage_record import StageRecord
from tasks.report.costs.cost_table import (
    COST_HEADER,
    QUALITIES,
    CostPoint,
    by_condition,
    cost_cells,
    cost_points,
    read_costs,
)
from tasks.report.costs.pareto_figure import axis_label, draw_panel, known_points, label_panel
from tasks.report.page.page_files import PageFiles
from tasks.report.page.run_facts import Facts
from tasks.report.page.svg import chart_style, fit_panel, new_panel, svg_markup
from tasks.report.records.hub_contents import PlanFile, PlannedStage
from tasks.report.statistics.paired_scores import key_of

UNKNOWN = "–"
# Conditions with charts; of further ones there are tables, and `pareto.png` shows all.
MOST_CHARTED = 6
PANEL_INCH = (5.0, 3.6)


@dataclass(frozen=True)
class Provenance:
    """What it takes to repeat a run."""

    facts: Facts
    versions: Facts
    parameters: str
    stages: tuple[tuple[list[str], str | None, str | None], ...]
    missing: tuple[str, ...]


def provenance_of(files: PageFiles, plan: PlanFile | None) -> Provenance:
    """Return the provenance that a plan and the records of its stages tell."""
    if plan is None:
        return Provenance([], [], "{}", (), ())
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    return Provenance(
        facts=[(name, value) for name, value in _facts(plan) if value],
        versions=sorted(plan.versions.items()),
        parameters=orjson.dumps(plan.parameters, option=options).decode(),
        stages=tuple(_line(files, stage) for stage in plan.stages),
        missing=tuple(
            stage.stage
            for stage in plan.stages
            if not all(files.has(path) for path in stage.outputs.values())
        ),
    )


def _facts(plan: PlanFile) -> Facts:
    machine = plan.machine
    dirty = " with changes that are not committed" if plan.git.get("dirty") is True else ""
    cores = f"{machine['cores']} cores" if "cores" in machine else ""
    memory = f"{machine['memory_gib']} GiB" if "memory_gib" in machine else ""
    kind = " ".join(str(machine[name]) for name in ("system", "architecture") if name in machine)
    return [
        ("source", f"commit {plan.git['commit']}{dirty}" if plan.git.get("commit") else ""),
        ("machine", ", ".join(filter(None, (kind, cores, memory)))),
    ]


def _line(files: PageFiles, stage: PlannedStage) -> tuple[list[str], str | None, str | None]:
    record = files.record(stage.manifest, StageRecord)
    taken = [UNKNOWN] * 3
    if record is not None:
        seconds = (f"{value:.1f}" for value in (record.wall_s, record.cpu_s))
        taken = [*seconds, f"{record.peak_memory_mib:.0f}"]
    return (
        [stage.stage, stage.phase, *taken],
        files.link(stage.manifest) if record else None,
        files.link(stage.log) if files.has(stage.log) else None,
    )


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
