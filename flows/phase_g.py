"""Phase G: one dose and view, from photons to the deltas between three reconstructions.

`phase_g` is the flow that the Prefect UI and the workers run; `python -m flows.phase_g` runs it
on this machine, with no server.
"""

if __name__ == "__main__":
    # Before the imports below, which take seconds.
    from flows.cli.local_server import launch_flow

    launch_flow("flows.cli.command_line", "main")

from typing import Any, cast

from prefect import flow
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from pydantic import BaseModel

from flows.execution.attempt import raise_first_failure
from flows.execution.run import open_hub
from flows.execution.task_graph import TaskGraph, submit_condition
from flows.execution.worker import fill_in
from flows.hub.location import placed
from flows.params.run import PhaseGParams
from flows.planning.plan import make_plan
from tasks.core.study.hub_layout import DELTA_SUMMARY, METRICS_SUMMARY
from tasks.report.publish.write_reports import Publication
from tasks.report.task import publish, put_costs_together, summarise_comparisons

# A thread a stage, most of them waiting: the session says how many stages run side by side.
THREADS = cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner(max_workers=64))


class PhaseGResult(BaseModel):
    """What a run says at its end, None in the place of deltas where there are none."""

    delta_summary: str | None
    deltas: dict[str, Any] | None
    warnings: list[str]


@flow(
    name="phase-g",
    description=__doc__,
    task_runner=THREADS,
    persist_result=False,
    validate_parameters=True,
)
def phase_g(params: PhaseGParams = PhaseGParams()) -> PhaseGResult:  # noqa: B008 - frozen
    """Compare PtychoPINN with a supervised baseline and with pty-chi at one dose and view.

    Args:
        params: Dose, view, size and seed of the run, and the folder that it fills.
    """
    plan = make_plan(placed(params))
    if params.part_of_sweep:
        fill_in(plan)
        return PhaseGResult(delta_summary=None, deltas=None, warnings=[])
    with open_hub(plan):
        graph = TaskGraph()
        for condition in plan.conditions:
            submit_condition(graph, condition)
        graph.submit(put_costs_together, plan.costs)
        graph.submit(summarise_comparisons, plan.summary)
        raise_first_failure(graph.ends())
        published = publish(plan.figures)
    return result_of(published)


def result_of(published: Publication | None) -> PhaseGResult:
    """Return what a run says at its end; without a summary, that there are no deltas."""
    if published is None:
        warning = f"{METRICS_SUMMARY} is missing: {DELTA_SUMMARY} was not written"
        return PhaseGResult(delta_summary=None, deltas=None, warnings=[warning])
    return PhaseGResult(delta_summary=DELTA_SUMMARY, deltas=published.delta["deltas"], warnings=[])
