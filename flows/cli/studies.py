"""The two flows, as their command lines need them: of one condition, and of a sweep."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from flows.params.run import PhaseGParams, RunParams
from flows.params.sweep import Runner, SweepParams
from flows.planning.plan import Plan, make_plan, make_sweep_plan
from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import (
    CONDITION_MAP,
    DELTA_SUMMARY,
    DIGEST,
    HIGHLIGHTS,
    HUB_SUMMARY,
    METRICS_SUMMARY,
    REPORT_PAGE,
    VERIFICATION_REPORT,
)
from tasks.report.condition_map.map_text import map_lines
from tasks.report.records.hub_contents import profile_warning, read_plan
from tasks.report.texts.evidence import evidence_lines
from tasks.report.texts.highlights import terminal_block

RULE = "=" * 72


@dataclass(frozen=True)
class Study:
    """A flow, and what its command line says of it.

    Attributes:
        module: The module that is run.
        what_it_does: The help.
        params: What a person chooses.
        plan: Makes the plan of a run.
        greeting: The first line of a run.
        execute: Runs the flow, and returns the lines of its result; none where there is no delta.
        has_map: Whether its hub has a map of many conditions, which is told too.
    """

    module: str
    what_it_does: str
    params: type[RunParams]
    plan: Callable[[Any], Plan]
    greeting: Callable[[Plan], str]
    execute: Callable[[Any, Console], list[str] | None]
    has_map: bool

    def map_block(self, hub: Path) -> list[str]:
        """Return the deltas of every condition, where the hub has a map of them."""
        path = hub / CONDITION_MAP
        return [RULE, *map_lines(read_json(path))] if self.has_map and path.is_file() else []


def _greet_condition(plan: Plan) -> str:
    params = plan.conditions[0].params
    return (
        f"Phase G in {params.hub}: {params.photons_per_pattern:g} photons per pattern, "
        f"{params.view_name} view, profile {params.profile.value}"
    )


def _greet_sweep(plan: Plan) -> str:
    runner = plan.params.runner.value if isinstance(plan.params, SweepParams) else Runner.LOCAL
    return (
        f"Sweep in {plan.params.hub}: {len(plan.conditions)} conditions, {len(plan.replicates)} "
        f"replicates in all, profile {plan.params.profile.value}, runner {runner}"
    )


def _execute_condition(params: PhaseGParams, console: Console) -> list[str] | None:
    from flows.phase_g import phase_g

    result = phase_g(params)
    for warning in result.warnings:
        console.print(f"Warning: {warning}", style="yellow", markup=False)
    if result.delta_summary is None:
        return None
    warning_lines = profile_warning(read_plan(params.hub))
    evidence = evidence_lines(params.hub, read_json(params.hub / METRICS_SUMMARY))
    delta = read_json(params.hub / DELTA_SUMMARY)
    return [RULE, *warning_lines, *terminal_block(delta, evidence)]


def _execute_sweep(params: SweepParams, _console: Console) -> list[str]:
    from flows.dose_overlap_study import dose_overlap_study

    dose_overlap_study(params)
    return [*profile_warning(read_plan(params.hub)), *SWEEP.map_block(params.hub)]


CONDITION = Study(
    "flows.phase_g",
    "Compare PtychoPINN with a supervised baseline and with pty-chi: simulate a scan, "
    "train, reconstruct, compare, and write analysis/metrics_delta_summary.json.",
    PhaseGParams,
    make_plan,
    _greet_condition,
    _execute_condition,
    has_map=False,
)
SWEEP = Study(
    "flows.dose_overlap_study",
    "Compare PtychoPINN with a supervised baseline and with pty-chi over doses and views, in "
    "one hub, and write analysis/condition_map.json.",
    SweepParams,
    make_sweep_plan,
    _greet_sweep,
    _execute_sweep,
    has_map=True,
)


def banner(plan: Plan) -> list[str]:
    """Return the lines that say where everything lies, relative to the hub."""
    return [
        "Phase G finished. In the hub:",
        f"  Delta summary: {DELTA_SUMMARY}",
        f"  Report:        {REPORT_PAGE}",
        f"  Highlights:    {HIGHLIGHTS}",
        f"  Digest:        {DIGEST}",
        f"  For others:    {HUB_SUMMARY}",
        *([] if plan.params.skip_post_verify else [f"  Verification:  {VERIFICATION_REPORT}"]),
        *(f"  Figure:        {figure}" for figure in plan.figures.values()),
    ]
