"""What a failed run still tells: the arms that are done are compared, and the reports are made.

Nothing is reconstructed any more, and nothing is told that the failed run does not vouch for: a
table of an earlier run whose stage should have been done again moves to `archive/<time>/`.
"""

import logging
from pathlib import Path

from prefect.runtime import flow_run

from flows.execution.run_monitor import run_monitor
from flows.hub.provenance import write_plan
from flows.hub.staleness import archive_files
from flows.planning.plan import Plan
from flows.progress import watching_console
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.study.hub_layout import HALVES
from tasks.core.study.stage_record import StageCall
from tasks.report.publish.write_reports import rebuild_reports
from tasks.report.statistics.summary import ReportParams
from tasks.report.task import publish_partial_report
from tasks.runtime.errors import StageFailedError
from tasks.runtime.run_session import HubSession, StageEvent, hub_session
from tasks.runtime.stage_cache import cache_key, finished_record
from tasks.runtime.stage_runner import run_stage

LOGGER = logging.getLogger(__name__)
EXPOSURES = ("scan", "view", "truth")
HALF_SUFFIXES = tuple(f".{half}" for half in HALVES)


def report_partially(hub: Path, plan: Plan, failed_stage: str | None) -> None:
    """Compare what a failed run has finished, make the reports, and show them in Prefect.

    The stage that failed is not tried again. What stopped the run matters more than what hinders
    its report, which is logged.
    """
    try:
        _compare_what_is_there(hub, plan, failed_stage)
        publication = rebuild_reports(hub, ReportParams.model_validate(plan.summary.params))
    except (OSError, ValueError, KeyError, TypeError) as error:
        LOGGER.warning("The reports of what there is were not made: %s", error)
        return
    if flow_run.id is not None:
        figures = {title: path for title, path in plan.figures.items() if (hub / path).is_file()}
        publish_partial_report(hub, publication.digest, figures)


def _compare_what_is_there(hub: Path, plan: Plan, failed_stage: str | None) -> None:
    """Make the comparisons that the run did not come to, with the arms that are done."""
    done = {call.stage for call in plan if finished_record(hub, call) is not None}
    unfinished = [call for call in plan.comparisons if call.stage not in done]
    partial = [
        partial
        for call in unfinished
        if call.stage != failed_stage and (partial := partial_call(call, plan, done)) is not None
    ]
    # What things cost is told beside the errors of every comparison.
    stale = [
        path
        for call in ((*unfinished, plan.costs) if unfinished else ())
        for path in (*call.outputs.values(), call.manifest)
        if (hub / path).is_file()
    ]
    archive_files(hub, stale)
    if not partial:
        return
    console = watching_console()
    if console is not None:
        many = "s" * (len(partial) > 1)
        console.print(f"Comparing what there is: {len(partial)} comparison{many}", highlight=False)
    # The plan says which arms each comparison has read; the next run writes it anew.
    write_plan(hub, plan, partial)
    with run_monitor(hub, plan, None) as monitor, hub_session(hub, monitor) as session:
        for call in partial:
            _compare(session, call)


def _compare(session: HubSession, call: StageCall) -> None:
    key = cache_key(session.root, call)
    try:
        run_stage(session, call, key, LOGGER.info)
    except StageFailedError as error:
        session.emit(StageEvent(call.stage, "failed", f"with {error.cause}"))
        LOGGER.warning("What there is could not be compared: %s", error)
    else:
        session.emit(StageEvent(call.stage, "finished"))


def partial_call(call: StageCall, plan: Plan, done: set[str]) -> StageCall | None:
    """Return a planned comparison of those reconstructions alone whose stages are done.

    None where no arm is done, or its scan is not.
    """
    makers = {path: made.stage for made in plan for path in made.outputs.values()}
    ready = {name: path for name, path in call.inputs.items() if makers.get(path) in done}
    if not ready.keys() >= set(EXPOSURES) or not any(
        arm.name in ready for arm in RECONSTRUCTIONS.arms
    ):
        return None
    known = {name: path for name, path in ready.items() if _model_of(name) in (None, *ready)}
    with_halves = {
        model
        for model in _models()
        if known.keys() >= {f"{name}.{half}" for name in ("view", model) for half in HALVES}
    }
    kept = {
        name: path
        for name, path in known.items()
        if not name.endswith(HALF_SUFFIXES) or _model_of(name) in (None, *with_halves)
    }
    return call.model_copy(update={"inputs": kept})


def _models() -> list[str]:
    return [entry.name for entry in RECONSTRUCTIONS.with_stages]


def _model_of(name: str) -> str | None:
    """Return whose an input is, such as `PtyChi` of `PtyChi.iterates`; None where nobody's."""
    model = name.partition(".")[0]
    return model if model in _models() else None
