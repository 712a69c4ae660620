"""Who runs the conditions of a sweep: this run's child processes, a Dask cluster, or workers."""

from typing import Any

from flows.execution.attempt import completed, failed_stages, failure_entry, raise_unfinished
from flows.execution.task_graph import TaskGraph, submit_condition
from flows.execution.worker import forget_failures, read_failures
from flows.params.profiles import resolve
from flows.params.run import PhaseGParams
from flows.params.sweep import Runner, SweepParams
from flows.planning.plan import ConditionPlan, Plan
from tasks.core.files.named_files import with_whole_paths
from tasks.runtime.run_session import EventKind, StageEvent, current_session
from tasks.runtime.stage_cache import made_record

# How the run of a condition ended, by name: nothing where it ended well, else Prefect's words.
RunEnds = dict[str, str | None]


def check_runner(params: SweepParams) -> None:
    """Raise BadInputError, before anything is made, if cluster, deployment or worker is missing."""
    if params.runner is Runner.DASK:
        from flows.runners.dask import check_cluster

        check_cluster(str(params.dask_address))
    elif params.runner is Runner.DEPLOYMENT:
        from flows.runners.deployment import check_deployment

        check_deployment(str(params.deployment))


def run_conditions(plan: Plan, params: SweepParams) -> None:
    """Run the stages of all conditions, whoever does it; in the session of the sweep's hub.

    ConditionsFailedError if a stage of one failed; the others have all their files then.
    """
    if params.runner is Runner.LOCAL:
        _run_here(plan)
        return
    for condition in plan.conditions:
        forget_failures(current_session().root, condition)
    asked = {condition.name: worker_params(condition) for condition in plan.conditions}
    if params.runner is Runner.DASK:
        from flows.runners.dask import run_on_dask

        ends = run_on_dask(asked, str(params.dask_address), tell_condition)
    else:
        from flows.runners.deployment import run_by_deployment

        ends = run_by_deployment(asked, str(params.deployment), tell_condition)
    _raise_what_workers_left(plan, ends)


def worker_params(condition: ConditionPlan) -> PhaseGParams:
    """Return what a worker is asked for: just the stages of the condition, in the sweep's hub.

    Whatever was left to the profile is filled in, because a form or a file of parameters does not
    tell it from what was asked for.
    """
    params = condition.params
    changes: dict[str, Any] = {"hub": params.hub.absolute(), "part_of_sweep": True}
    if params.networks_from is not None:
        changes["networks_from"] = params.networks_from.absolute()
    changes["solver"] = tuple(path.absolute() for path in params.solver)
    if params.probe is not None:
        changes["probe"] = resolve(params).simulation.probe
    fields = params.model_copy(update=changes).model_dump(mode="json")
    return PhaseGParams.model_validate(with_whole_paths(fields))


def tell_condition(name: str, kind: EventKind, text: str) -> None:
    """Show the start or the end of a condition that a worker runs."""
    current_session().emit(StageEvent(name, kind, text))


def _run_here(plan: Plan) -> None:
    """Run the conditions side by side, as many stages at a time as there are cores."""
    graph = TaskGraph()
    for condition in plan.conditions:
        submit_condition(graph, condition)
    ends = graph.ends()
    raise_unfinished(plan, completed(ends), [failure_entry(error) for error in failed_stages(ends)])


def _raise_what_workers_left(plan: Plan, ends: RunEnds) -> None:
    """Raise an error if the workers have left a stage undone; the files say so, not the runs."""
    hub = current_session().root
    done = {call.stage for call in plan if made_record(hub, call)}
    failures: dict[str, dict[str, Any]] = {}
    for condition in plan.conditions:
        found = read_failures(hub, condition)
        end = ends.get(condition.name)
        if end is not None and not found:
            found = [failure_entry(RuntimeError(f"the run of {condition.name} {end}"))]
        # A stage that conditions share fails in each of them.
        failures |= {entry["stage"] or condition.name: entry for entry in found}
    raise_unfinished(plan, done, list(failures.values()))
