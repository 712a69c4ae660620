"""The way of the data through the stages: each starts once the makers of its inputs have ended."""

from collections.abc import Iterable

from prefect import Task
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture, wait

from tasks.core.study.stage_record import StageCall, StageRecord
from tasks.runtime.stage_task import submit

Futures = list[PrefectFuture[StageRecord]]


class Route:
    """Submits stages in the session of a hub, and remembers who makes which file.

    Attributes:
        futures: Of every stage so far, in the order of submission.
    """

    def __init__(self) -> None:
        self.futures: Futures = []
        self._makers: dict[str, PrefectFuture[StageRecord]] = {}
        self._taken: dict[str, PrefectFuture[StageRecord]] = {}

    def take(
        self,
        stage: Task[[StageCall], StageRecord],
        calls: Iterable[StageCall],
        after: Futures | None = None,
    ) -> Futures:
        """Submit calls of one stage; those that make their inputs come before.

        A stage that conditions share is submitted once, and its future given again.

        Args:
            stage: The task.
            calls: What it shall do.
            after: Stages to wait for beside the makers of the inputs.

        Returns:
            Their futures.
        """
        taken = []
        for call in calls:
            if call.stage in self._taken:
                taken.append(self._taken[call.stage])
                continue
            makers = [self._makers[path] for path in call.inputs.values() if path in self._makers]
            waits = list({id(future): future for future in [*makers, *(after or [])]}.values())
            future = submit(stage, call, waits)
            self._taken[call.stage] = future
            self._makers |= dict.fromkeys([*call.outputs.values(), call.manifest], future)
            self.futures.append(future)
            taken.append(future)
        return taken

    def ends(self) -> dict[str, State[StageRecord]]:
        """Wait for every stage, and return how each has ended, by its name."""
        wait(self.futures)
        return {stage: future.state for stage, future in self._taken.items()}
