"""`python -m flows.dose_overlap_study`: the command line of a sweep on this machine."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from flows.cli.command_line import (
    RULE,
    banner,
    collect,
    quieten_prefect,
    refuse_bad_start,
)
from flows.cli.command_line import main as run_command_line
from flows.cli.finished_hub import report, verify
from flows.cli.local_server import local_server
from flows.hub.location import hub_place
from flows.hub.provenance import commands_doc, publisher
from flows.params.sweep import Runner, SweepParams
from flows.planning.plan import Plan, make_sweep_plan
from flows.progress.monitor import watched_on
from flows.runners.local import check_runner
from tasks.commands import EXIT_SUCCESS, new_app, say
from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import CONDITION_MAP
from tasks.report.condition_map.map_text import map_lines
from tasks.runtime.errors import ConditionsFailedError


def sweep_app() -> App:
    """Return the command line of a sweep."""
    return new_app(
        "flows.dose_overlap_study",
        run,
        "Compare PtychoPINN with a supervised baseline and with pty-chi over doses and views, in "
        "one hub, and write analysis/condition_map.json.",
    )


def run(
    *,
    params: Annotated[SweepParams, Parameter(name="*")] = SweepParams(),  # noqa: B008 - frozen
    parameters: Path | None = None,
    collect_only: bool = False,
    report_only: bool = False,
    post_verify_only: bool = False,
) -> int:
    """Run Phase G for doses x views x replicates.

    Parameters
    ----------
    parameters
        JSON or YAML file of parameters, those of a group below its name; options on the command
        line go before it.
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
        say_map(params.hub)
        return code
    if post_verify_only:
        return verify(params.hub)
    plan = make_sweep_plan(params)
    commands_doc()
    publisher()
    if collect_only:
        return collect(plan)
    refuse_bad_start(plan)
    if params.runner is Runner.DASK:
        # Said at once: a server of Prefect need not start for it.
        check_runner(params)
    return execute(plan, params)


def execute(plan: Plan, params: SweepParams) -> int:
    """Run the flow, showing its progress, and print the deltas of every condition."""
    quieten_prefect()
    hub = params.hub
    console = Console(stderr=True)
    console.print(
        f"Sweep in {hub}: {len(plan.conditions)} conditions, {len(plan.replicates)} replicates in "
        f"all, profile {params.profile.value}, runner {params.runner.value}",
        highlight=False,
        soft_wrap=True,
    )
    from flows.dose_overlap_study import dose_overlap_study

    try:
        with local_server(), watched_on(console):
            dose_overlap_study(params)
    except ConditionsFailedError:
        say_map(hub)
        raise
    say_map(hub)
    for line in ("", *banner(plan), RULE):
        say(line)
    return EXIT_SUCCESS


def say_map(hub: Path) -> None:
    """Print the deltas of every condition, where the hub has a map of them."""
    if (hub / CONDITION_MAP).is_file():
        for line in (RULE, *map_lines(read_json(hub / CONDITION_MAP))):
            say(line)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code, as that of one condition does.

    Args:
        arguments: Words of the command line; those of this process without.
    """
    return run_command_line(arguments, sweep_app)
