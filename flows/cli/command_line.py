"""The command lines of a run on this machine: of one condition, and of a sweep."""

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from flows.cli.local_server import local_server
from flows.cli.studies import CONDITION, RULE, SWEEP, Study, banner
from flows.cli.without_a_run import collect, report, verify
from flows.hub.location import check_place, check_space, placed
from flows.hub.provenance import commands_doc, publisher
from flows.hub.staleness import broken_packages, refuse_stale_hub
from flows.params.measured import spelled_out
from flows.params.run import OPTION_NAMES, RunParams
from flows.params.sweep import Runner, SweepParams
from flows.planning.plan import Plan
from flows.progress import watched_on
from tasks.commands import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_SUCCESS,
    drop_output,
    new_app,
    run_app,
    say,
    say_error,
    why_unusable,
)
from tasks.core.study.hub_layout import (
    BLOCKER_TEXT,
    REPORT_PAGE,
)
from tasks.runtime.errors import (
    BadInputError,
    ConditionsFailedError,
    InvalidEvidenceError,
    StageFailedError,
)
from tasks.runtime.lock import refuse_busy_hub


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
        params = placed(params)
        try:
            if report_only:
                code = report(params.hub, verify=not params.skip_post_verify)
                say_lines(study.map_block(params.hub))
                return code
            if post_verify_only:
                return verify(params.hub)
            plan = study.plan(params)
            commands_doc()
            publisher()
            if collect_only:
                return collect(plan)
            refuse_bad_start(plan)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise BadInputError(why_unusable(error)) from error
        return execute(study, plan)

    run.__annotations__["params"] = Annotated[study.params, Parameter(name="*")]
    run.__kwdefaults__ = {**(run.__kwdefaults__ or {}), "params": study.params()}
    return new_app(study.module, run, study.what_it_does)


def refuse_bad_start(plan: Plan) -> None:
    """Refuse, before Prefect is loaded, what a run would refuse by a BadInputError.

    Such as a hub that is too full, busy, or of other parameters, or a cluster that does not answer.
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


def execute(study: Study, plan: Plan) -> int:
    """Run the flow, showing its progress, and print its result."""
    quieten_prefect()
    console = Console(stderr=True)
    console.print(study.greeting(plan), highlight=False, soft_wrap=True)
    for why in broken_packages():
        console.print(f"Warning: the run goes on without {why}", style="yellow", markup=False)
    try:
        with local_server(), watched_on(console):
            lines = study.execute(plan.params, console)
    except ConditionsFailedError:
        say_lines(study.map_block(plan.params.hub))
        raise
    if lines is None:
        return EXIT_FAILED
    say_lines([*lines, "", *banner(plan), RULE])
    return EXIT_SUCCESS


def say_lines(lines: list[str]) -> None:
    """Print lines of the result."""
    for line in lines:
        say(line)


def quieten_prefect() -> None:
    """Leave the console to the lines of the run: Prefect's would say the same again."""
    from prefect.logging.configuration import setup_logging

    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    setup_logging()


def main(arguments: list[str] | None = None, study: Study = CONDITION) -> int:
    """Run the command line, on the words of this process where none are given.

    Returns 0 all good, 1 a stage or comparison failed, 2 bad input or a stale hub, 130 interrupted.
    """
    words = spelled_out(sys.argv[1:] if arguments is None else arguments)
    try:
        return run_app(study_app(study), words, options=OPTION_NAMES, refused=(BadInputError,))
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
