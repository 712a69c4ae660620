"""One condition of a sweep, filled in by a worker in the hub that the sweep has prepared."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flows.execution.attempt import (
    completed,
    failed_stages,
    failure_entry,
    portable,
    raise_unfinished,
)
from flows.execution.run_monitor import run_monitor
from flows.execution.task_graph import TaskGraph, submit_condition
from flows.planning.plan import ConditionPlan, Plan
from flows.progress import watching_console
from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.study.hub_layout import PLAN
from tasks.core.study.stage_record import StageCall
from tasks.runtime.errors import BadInputError, StaleHubError
from tasks.runtime.lock import worker_lock
from tasks.runtime.run_session import HubSession, hub_session

FAILURES = ".cache/failures"


def fill_in(plan: Plan) -> None:
    """Run the stages of one condition; what other workers have made is not made again.

    Raises:
        BadInputError: If no sweep has prepared the hub for just these stages.
        ConditionsFailedError: If a stage fails; the rest goes on as far as it can.
    """
    (condition,) = plan.conditions
    with _joined_hub(plan) as session:
        graph = TaskGraph()
        submit_condition(graph, condition)
        ends = graph.ends()
        failures = [failure_entry(error) for error in failed_stages(ends)]
        write_json(_failure_path(session.root, condition), portable(failures, session.root))
        raise_unfinished(plan, completed(ends), failures)


def read_failures(hub: Path, condition: ConditionPlan) -> list[dict[str, Any]]:
    """Return what a worker says has stopped a condition; nothing where it says nothing."""
    path = _failure_path(hub, condition)
    return list(read_json(path)) if path.is_file() else []


def forget_failures(hub: Path, condition: ConditionPlan) -> None:
    """Forget what has stopped a condition in an earlier run."""
    _failure_path(hub, condition).unlink(missing_ok=True)


@contextmanager
def _joined_hub(plan: Plan) -> Iterator[HubSession]:
    """Share the hub of a sweep with its other workers."""
    hub = plan.params.hub.absolute()
    if not (hub / PLAN).is_file():
        raise BadInputError(
            f"{hub} must hold the {PLAN} of a sweep, whose condition is to be filled in, and does "
            f"not. Workers need the hub of the sweep on a shared disk, below the same path."
        )
    with worker_lock(hub):
        _refuse_other_stages(hub, plan.conditions[0])
        with (
            run_monitor(hub, plan, watching_console()) as monitor,
            hub_session(hub, monitor, list(plan), keeps_going=True, is_shared=True) as session,
        ):
            yield session


def _refuse_other_stages(hub: Path, condition: ConditionPlan) -> None:
    """Refuse a hub whose plan has not just the stages of the condition; raises StaleHubError."""
    known = {entry["stage"]: entry for entry in read_json(hub / PLAN)["stages"]}
    for call in condition:
        entry = known.get(call.stage)
        found = entry and StageCall(**{name: entry[name] for name in StageCall.model_fields})
        if found != call:
            raise StaleHubError(
                f"The sweep in {hub} has {'another' if entry else 'no'} stage {call.stage} than "
                f"this condition asks for. Sweep and worker must run the same version of the "
                f"program, with the same parameters."
            )


def _failure_path(hub: Path, condition: ConditionPlan) -> Path:
    return hub / FAILURES / f"{condition.name.replace('/', '.')}.json"
