"""The stages of one condition as Prefect tasks, each submitted once its inputs have makers."""

from prefect import Task
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture, wait

from flows.planning.plan import ConditionPlan
from flows.planning.solver_planner import PLACES, RUNS
from tasks.compare.task import compare_arms, place_object
from tasks.core.study.stage_record import StageCall, StageRecord
from tasks.reconstruct.task import (
    iterate_ptychi,
    predict_object,
    project_object,
    reconstruct_object,
    run_solver,
)
from tasks.runtime.stage_task import submit
from tasks.simulate.task import prepare_scan, simulate_scan
from tasks.train.task import take_network, train_network
from tasks.views.task import halve_view, select_view

Future = PrefectFuture[StageRecord]


class TaskGraph:
    """Submits stages in the session of a hub, and remembers who makes which file.

    Attributes:
        futures: Of every stage so far, by its name, in the order of submission.
    """

    def __init__(self) -> None:
        self.futures: dict[str, Future] = {}
        self._makers: dict[str, Future] = {}

    def submit(
        self,
        stage: Task[[StageCall], StageRecord],
        call: StageCall,
        after: list[Future] | None = None,
    ) -> Future:
        """Submit a stage, to start after the makers of its inputs and others; return its future.

        A stage that conditions share is submitted once, and its future given again.
        """
        if call.stage in self.futures:
            return self.futures[call.stage]
        makers = [self._makers[path] for path in call.inputs.values() if path in self._makers]
        waits = list({id(future): future for future in [*makers, *(after or [])]}.values())
        future = submit(stage, call, waits)
        self._makers |= dict.fromkeys([*call.outputs.values(), call.manifest], future)
        self.futures[call.stage] = future
        return future

    def ends(self) -> dict[str, State[StageRecord]]:
        """Wait for every stage, and return how each has ended, by its name."""
        wait(list(self.futures.values()))
        return {stage: future.state for stage, future in self.futures.items()}


TASKS: dict[str, Task[[StageCall], StageRecord]] = {
    "tasks.ingest.stage:ingest": prepare_scan,
    "tasks.reconstruct.reference_stage:make_reference": prepare_scan,
    "tasks.regions.stage:cut_scan": prepare_scan,
    "tasks.simulate.label_stage:simulate_labels": prepare_scan,
    "tasks.simulate.stage:simulate": simulate_scan,
    "tasks.views.stage:select_view": select_view,
    "tasks.views.stage:take_every_exposure": select_view,
    "tasks.views.half_sets:halve_view": halve_view,
    "tasks.train.stage:train": train_network,
    "tasks.train.taking_stage:take_network": take_network,
    "tasks.reconstruct.ptychi_stage:iterate": iterate_ptychi,
    "tasks.reconstruct.ptychi_stage:iterate_classic": iterate_ptychi,
    "tasks.reconstruct.network_stage:predict": predict_object,
    "tasks.reconstruct.no_network_stage:project": project_object,
    RUNS: run_solver,
    PLACES: place_object,
    "tasks.compare.stage:compare": compare_arms,
    "tasks.compare.overview:draw_overview": compare_arms,
}


def submit_condition(graph: TaskGraph, condition: ConditionPlan) -> None:
    """Submit the stages of a condition; a graph may share those of conditions before it.

    The trainings of the arms share the cores alone: other reconstructions wait for them, whether
    they need a network or not.
    """
    for replicate in condition.replicates:
        trained: list[Future] = []
        for call in replicate:
            # A stage that another package brings with its reconstruction.
            task = TASKS.get(call.function, reconstruct_object)
            after = trained if call.stage in replicate.waiting else None
            future = graph.submit(task, call, after)
            if call.stage in replicate.trainings:
                trained.append(future)
