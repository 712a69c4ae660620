"""`python -m flows.phase_g`: the command line of a run on this machine."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from flows.cli.finished_hub import report, verify
from flows.cli.local_server import local_server
from flows.hub.disk_space import check_space
from flows.hub.location import hub_place
from flows.hub.provenance import commands_doc, publisher
from flows.hub.staleness import check_place, refuse_stale_hub
from flows.params.measured import spelled_out
from flows.params.run import PhaseGParams
from flows.planning.plan import Plan, make_plan
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
    DELTA_SUMMARY,
    HUB_SUMMARY,
    INVENTORY,
    REPORT_PAGE,
    VERIFICATION_REPORT,
)
from tasks.core.study.stage_interface import PUBLISH_DELTAS, VERIFY_EVIDENCE
from tasks.report.publish.write_reports import DIGEST, HIGHLIGHTS
from tasks.report.texts.terminal_text import terminal_block
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


def phase_g_app() -> App:
    """Return the command line of one condition."""
    return new_app(
        "flows.phase_g",
        run,
        "Compare PtychoPINN with a supervised baseline and with pty-chi: simulate a fly-scan, "
        "train, reconstruct, compare, and write analysis/metrics_delta_summary.json.",
    )


def run(
    *,
    params: Annotated[PhaseGParams, Parameter(name="*")] = PhaseGParams(),  # noqa: B008 - frozen
    parameters: Path | None = None,
    collect_only: bool = False,
    report_only: bool = False,
    post_verify_only: bool = False,
) -> int:
    """Run Phase G for one dose and view.

    Parameters
    ----------
    parameters
        JSON or YAML file of parameters, those of a group below its name; options on the command
        line go before it.
    collect_only
        Print every stage of the plan, mark what is done, and touch nothing.
    report_only
        Make summary, deltas and texts again from the tables that the hub holds.
    post_verify_only
        Check the evidence of a finished hub, and run nothing; exit code 1 with findings.
    """
    del parameters  # Read before the options are, by `run_app`.
    params = params.model_copy(update={"hub": hub_place(params.hub)})
    if report_only:
        return report(params.hub, verify=not params.skip_post_verify)
    if post_verify_only:
        return verify(params.hub)
    plan = make_plan(params)
    commands_doc()
    publisher()
    if collect_only:
        return collect(plan)
    refuse_bad_start(plan)
    return execute(plan)


def refuse_bad_start(plan: Plan) -> None:
    """Refuse what a run would refuse, before Prefect is loaded.

    Raises:
        BadInputError: If the hub cannot be used, is too full, busy, or of other parameters.
    """
    hub = plan.params.hub
    check_place(hub)
    check_space(hub, plan)
    if hub.is_dir():
        refuse_busy_hub(hub)
    if not plan.params.clobber:
        refuse_stale_hub(hub, plan)


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


def execute(plan: Plan) -> int:
    """Run the flow, showing its progress, and print its result."""
    quieten_prefect()
    (condition,) = plan.conditions
    params, hub = condition.params, condition.params.hub
    console = Console(stderr=True)
    console.print(
        f"Phase G in {hub}: {params.photons_per_pattern:g} photons per pattern, "
        f"{params.view_name} view, profile {params.profile.value}",
        highlight=False,
        soft_wrap=True,
    )
    from flows.phase_g import phase_g

    with local_server(), watched_on(console):
        result = phase_g(params)
    for warning in result.warnings:
        console.print(f"Warning: {warning}", style="yellow", markup=False)
    if result.delta_summary is None:
        return EXIT_FAILED
    for line in (RULE, *terminal_block(read_json(hub / DELTA_SUMMARY)), "", *banner(plan), RULE):
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


def main(arguments: list[str] | None = None, make_app: Callable[[], App] = phase_g_app) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: Words of the command line; those of this process without.
        make_app: Returns the command line.

    Returns:
        0 all good, 1 a stage or comparison failed, 2 bad input or a stale hub, 130 interrupted.
    """
    words = spelled_out(sys.argv[1:] if arguments is None else arguments)
    try:
        return run_app(make_app(), words, options=OPTIONS, refusal=BadInputError)
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
