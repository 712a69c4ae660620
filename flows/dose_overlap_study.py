"""The sweep: doses x views x seeds in one hub, and the map of the deltas between the methods.

`dose_overlap_study` is the flow that the Prefect UI and the workers run; `python -m
flows.dose_overlap_study` runs it on this machine, with no server.
"""

if __name__ == "__main__":
    # Before the imports below, which take seconds.
    from flows.cli.local_server import launch_flow

    launch_flow("flows.cli.command_line", "sweep")

from typing import Any, cast

from prefect import flow
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from pydantic import BaseModel

from flows.execution.attempt import raise_first_failure
from flows.execution.run import open_hub
from flows.execution.task_graph import TaskGraph
from flows.hub.location import placed
from flows.params.sweep import Runner, SweepParams
from flows.planning.plan import make_sweep_plan
from flows.runners.local import check_runner, run_conditions
from tasks.core.study.hub_layout import CONDITION_MAP, DELTA_SUMMARY
from tasks.report.task import publish, put_costs_together, summarise_comparisons

# A thread a stage, most of them waiting: the session says how many stages run side by side.
THREADS = cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=256))


class SweepResult(BaseModel):
    """What a sweep says at its end: files of the hub, and differences of means over replicates."""

    delta_summary: str
    condition_map: str
    deltas_by_condition: list[dict[str, Any]]


@flow(
    name="dose-overlap-study",
    description=__doc__,
    task_runner=THREADS,
    persist_result=False,
    validate_parameters=True,
)
def dose_overlap_study(params: SweepParams = SweepParams()) -> SweepResult:  # noqa: B008 - frozen
    """Compare PtychoPINN with a supervised baseline and with pty-chi over doses and views.

    Args:
        params: Doses, views, size and seeds of the sweep, who runs it, and the folder it fills.
    """
    plan = make_sweep_plan(placed(params))
    check_runner(params)
    with open_hub(plan, keeps_going=True, with_workers=params.runner is not Runner.LOCAL):
        run_conditions(plan, params)
        graph = TaskGraph()
        graph.submit(put_costs_together, plan.costs)
        graph.submit(summarise_comparisons, plan.summary)
        raise_first_failure(graph.ends())
        published = publish(plan.figures)
    return SweepResult(
        delta_summary=DELTA_SUMMARY,
        condition_map=CONDITION_MAP,
        deltas_by_condition=published.delta["deltas_by_condition"] if published else [],
    )
