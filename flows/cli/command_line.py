"""The command lines of a run on this machine: of one condition, and of a sweep."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.console import Console

from flows.cli.finished_hub import report, verify
from flows.cli.local_server import local_server
from flows.hub.disk_space import check_space
from flows.hub.location import hub_place
from flows.hub.provenance import commands_doc, publisher
from flows.hub.staleness import broken_packages, check_place, refuse_stale_hub
from flows.params.measured import spelled_out
from flows.params.run import PhaseGParams, RunParams
from flows.params.sweep import Runner, SweepParams
from flows.planning.plan import Plan, make_plan, make_sweep_plan
from flows.progress.monitor import watched_on
from tasks.commands import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_SUCCESS,
    drop_output,
    new_app,
    run_app,
    say,
    say_error,
)
from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import (
    BLOCKER_TEXT,
    CONDITION_MAP,
    DELTA_SUMMARY,
    DIGEST,
    HIGHLIGHTS,
    HUB_SUMMARY,
    INVENTORY,
    REPORT_PAGE,
    VERIFICATION_REPORT,
)
from tasks.core.study.stage_record import PUBLISH_DELTAS, VERIFY_EVIDENCE
from tasks.report.condition_map.map_text import map_lines
from tasks.report.texts.interval_texts import terminal_block
from tasks.runtime.errors import (
    BadInputError,
    ConditionsFailedError,
    InvalidEvidenceError,
    StageFailedError,
)
from tasks.runtime.lock import refuse_busy_hub
from tasks.runtime.stage_cache import finished_record

RULE = "=" * 72
OPTIONS = {"photons_per_pattern": "dose"}


@dataclass(frozen=True)
class Study:
    """One of the two flows, as its command line needs it.

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
    return [RULE, *terminal_block(read_json(params.hub / DELTA_SUMMARY))]


def _execute_sweep(params: SweepParams, _console: Console) -> list[str]:
    from flows.dose_overlap_study import dose_overlap_study

    dose_overlap_study(params)
    return _map_block(params.hub)


def _map_block(hub: Path) -> list[str]:
    """Return the deltas of every condition, where the hub has a map of them."""
    path = hub / CONDITION_MAP
    return [RULE, *map_lines(read_json(path))] if path.is_file() else []


def _say_map(hub: Path) -> None:
    for line in _map_block(hub):
        say(line)


CONDITION = Study(
    "flows.phase_g",
    "Compare PtychoPINN with a supervised baseline and with pty-chi: simulate a fly-scan, "
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


def study_app(study: Study) -> App:
    """Return the command line of a study; its options are the fields of the study's parameters."""

    def run(
        *,
        params: RunParams,
        parameters: Path | None = None,
        collect_only: bool = False,
        report_only: bool = False,
        post_verify_only: bool = False,
    ) -> int:
        """Run it.

        Parameters
        ----------
        parameters
            JSON or YAML file of parameters, those of a group below its name; options on the
            command line go before it.
        collect_only
            Print every stage of the plan, mark what is done, and touch nothing.
        report_only
            Make summary, deltas, map and texts again from the tables that the hub holds.
        post_verify_only
            Check the evidence of a finished hub, and run nothing; exit code 1 with findings.
        """
        del parameters  # Read before the options are, by `run_app`.
        params = params.model_copy(update={"hub": hub_place(params.hub)})
        if report_only:
            code = report(params.hub, verify=not params.skip_post_verify)
            if study.has_map:
                _say_map(params.hub)
            return code
        if post_verify_only:
            return verify(params.hub)
        plan = study.plan(params)
        commands_doc()
        publisher()
        if collect_only:
            return collect(plan)
        refuse_bad_start(plan)
        return execute(study, plan)

    run.__annotations__["params"] = Annotated[study.params, Parameter(name="*")]
    run.__kwdefaults__ = {**(run.__kwdefaults__ or {}), "params": study.params()}
    return new_app(study.module, run, study.what_it_does)


def refuse_bad_start(plan: Plan) -> None:
    """Refuse what a run would refuse, before Prefect is loaded.

    Raises:
        BadInputError: If the hub cannot be used, is too full, busy, or of other parameters, or
            the cluster of a sweep does not answer.
    """
    hub = plan.params.hub
    check_place(hub)
    check_space(hub, plan)
    if hub.is_dir():
        refuse_busy_hub(hub)
    if not plan.params.clobber:
        refuse_stale_hub(hub, plan)
    if isinstance(plan.params, SweepParams) and plan.params.runner is Runner.DASK:
        from flows.runners.local import check_runner

        check_runner(plan.params)


def collect(plan: Plan) -> int:
    """Print every stage with phase, inputs, outputs and log, and mark the finished ones."""
    hub = plan.params.hub
    calls = list(plan)
    say(f"Plan of {hub}: {len(calls)} stages")
    for call in calls:
        mark = "done" if finished_record(hub, call) else "to do"
        say(f"\n[{call.phase}] {call.stage}  ({mark})")
        for path in call.inputs.values():
            say(f"    reads   {path}")
        for path in call.outputs.values():
            say(f"    writes  {path}")
        say(f"    log     {call.log}")
    say(f"\n[G] {PUBLISH_DELTAS}  (always runs)\n    writes  {DELTA_SUMMARY}")
    say(f"\n[G] {VERIFY_EVIDENCE}  (always runs)\n    writes  {INVENTORY}")
    say(f"    writes  {VERIFICATION_REPORT}")
    return EXIT_SUCCESS


def execute(study: Study, plan: Plan) -> int:
    """Run the flow, showing its progress, and print its result."""
    quieten_prefect()
    console = Console(stderr=True)
    console.print(study.greeting(plan), highlight=False, soft_wrap=True)
    for why in broken_packages():
        console.print(f"Warning: the run goes on without {why}", style="yellow", markup=False)
    params = plan.conditions[0].params if study is CONDITION else plan.params
    try:
        with local_server(), watched_on(console):
            lines = study.execute(params, console)
    except ConditionsFailedError:
        if study.has_map:
            _say_map(plan.params.hub)
        raise
    if lines is None:
        return EXIT_FAILED
    for line in (*lines, "", *banner(plan), RULE):
        say(line)
    return EXIT_SUCCESS


def quieten_prefect() -> None:
    """Leave the console to the lines of the run: Prefect's would say the same again."""
    from prefect.logging.configuration import setup_logging

    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    setup_logging()


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


def main(arguments: list[str] | None = None, study: Study = CONDITION) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: Words of the command line; those of this process without.
        study: Which of the two.

    Returns:
        0 all good, 1 a stage or comparison failed, 2 bad input or a stale hub, 130 interrupted.
    """
    words = spelled_out(sys.argv[1:] if arguments is None else arguments)
    try:
        return run_app(study_app(study), words, options=OPTIONS, refusal=BadInputError)
    except (StageFailedError, ConditionsFailedError, InvalidEvidenceError) as error:
        say_error(str(error))
        Console(stderr=True).print(
            f"See {BLOCKER_TEXT} in the hub, and {REPORT_PAGE} for what there is. What is finished "
            f"stays: the same command goes on.",
            highlight=False,
            soft_wrap=True,
        )
        return EXIT_FAILED
    except BrokenPipeError:
        drop_output()
        return EXIT_FAILED
    except KeyboardInterrupt:
        Console(stderr=True).print("Interrupted. What is finished stays: the same command goes on.")
        return EXIT_INTERRUPTED


def sweep(arguments: list[str] | None = None) -> int:
    """Run the command line of a sweep, as `main` does."""
    return main(arguments, SWEEP)
