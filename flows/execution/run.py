"""A run from its first check to its last word: place, lock, plan, session, record."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from flows.execution.attempt import clear_blocker, record_attempt, write_blocker
from flows.execution.partial_report import report_partially
from flows.execution.run_monitor import run_monitor
from flows.hub.location import check_place, check_space
from flows.hub.provenance import git_state, write_plan
from flows.hub.staleness import archive_stale_outputs, broken_packages, refuse_stale_hub
from flows.planning.plan import Plan
from flows.progress import watching_console
from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import DELTA_SUMMARY, VERIFICATION_REPORT
from tasks.core.study.stage_record import VERIFY_EVIDENCE
from tasks.report.publish.write_reports import utc_now, write_final_reports
from tasks.report.records.attempts import interval_record
from tasks.report.records.inventory import write_inventory
from tasks.report.task import verify_evidence
from tasks.report.verification.verification import write_verification
from tasks.runtime.errors import InvalidEvidenceError
from tasks.runtime.lock import hub_lock
from tasks.runtime.run_session import HubSession, hub_session, shown_as_stage

LOGGER = logging.getLogger(__name__)


@contextmanager
def open_hub(
    plan: Plan, *, keeps_going: bool = False, with_workers: bool = False
) -> Iterator[HubSession]:
    """Open a hub for a run, yield the session of its stages, and record how the run ends.

    Args:
        plan: The stages of the run.
        keeps_going: Whether a failed stage stops only those that need its files.
        with_workers: Whether runs of single conditions may fill in their stages meanwhile.

    Raises:
        BadInputError: If the hub cannot be used, belongs to other parameters or is busy;
            nothing is changed then.
    """
    hub = plan.params.hub.absolute()
    for why in broken_packages():
        LOGGER.warning("The run goes on without %s", why)
    check_place(hub)
    check_space(hub, plan)
    hub.mkdir(parents=True, exist_ok=True)
    with hub_lock(hub) as lock:
        if plan.params.clobber:
            archive_stale_outputs(hub, plan)
        else:
            refuse_stale_hub(hub, plan)
        write_plan(hub, plan)
        # What an earlier run found does not hold for what this one is going to make.
        (hub / VERIFICATION_REPORT).unlink(missing_ok=True)
        clear_blocker(hub)
        started_at = utc_now()
        try:
            with run_monitor(hub, plan, watching_console()) as monitor:
                with (
                    lock.workers_admitted() if with_workers else nullcontext(),
                    hub_session(hub, monitor, list(plan), keeps_going=keeps_going) as session,
                ):
                    yield session
                write_plan(hub, plan)
                if not plan.params.skip_post_verify:
                    with shown_as_stage(monitor, VERIFY_EVIDENCE):
                        verify_evidence(hub)
        except BaseException as failure:
            _record_failure(hub, plan, started_at, failure)
            raise
        found = _deltas(hub)
        result = "no deltas" if found["deltas"] is None else "success"
        record_attempt(hub, started_at, result, _details(plan) | found)
        write_final_reports(hub)
        _seal(hub, plan)


def _record_failure(hub: Path, plan: Plan, started_at: str, failure: BaseException) -> None:
    """Record an attempt that failed, with its blocker and a report of what there is.

    An attempt that a person ended is recorded alone.
    """
    if isinstance(failure, Exception):
        blocker = write_blocker(hub, failure)
        kept = ("stage", "exception", "message", "conditions")
        details = {name: blocker[name] for name in kept if name in blocker}
        record_attempt(hub, started_at, "failed", _details(plan) | {"blocker": details})
        # Reports that do not hold are evidence of what is wrong with them.
        if not isinstance(failure, InvalidEvidenceError):
            report_partially(hub, plan, blocker["stage"])
        _close_after_failure(hub)
        _seal(hub, plan)
    else:
        record_attempt(hub, started_at, "interrupted", _details(plan))


def _close_after_failure(hub: Path) -> None:
    """Write the closing reports; what stopped the run matters more than what they lack."""
    try:
        write_final_reports(hub)
    except (OSError, ValueError, KeyError, TypeError) as error:
        LOGGER.warning("The summary for colleagues was not written: %s", error)


def _seal(hub: Path, plan: Plan) -> None:
    """Write the inventory of all that the run leaves, and last what the verification says."""
    write_inventory(hub)
    if not plan.params.skip_post_verify:
        write_verification(hub)


def _details(plan: Plan) -> dict[str, Any]:
    return {"parameters": plan.science, "git": git_state(), "deltas": None}


def _deltas(hub: Path) -> dict[str, Any]:
    """Return the deltas of a run that ended well, and how well they are known."""
    path = hub / DELTA_SUMMARY
    if not path.is_file():
        return {"deltas": None}
    delta = read_json(path)
    return {"deltas": delta["deltas"], "intervals": interval_record(delta)}
