"""The graph of a run's stages: each starts once the makers of its inputs have ended."""

from prefect import Task
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture, wait

from tasks.core.study.stage_record import StageCall, StageRecord
from tasks.runtime.stage_task import submit

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
        """Submit a stage; those that make its inputs come before.

        A stage that conditions share is submitted once, and its future given again.

        Args:
            stage: The task.
            call: What it shall do.
            after: Stages to wait for beside the makers of the inputs.

        Returns:
            Its future.
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
