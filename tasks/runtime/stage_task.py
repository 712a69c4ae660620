"""The Prefect side of a stage: cached, retried, logged, its progress shown as an artifact."""

import logging
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from prefect import Task, task
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.cache_policies import CacheKeyFnPolicy
from prefect.client.schemas.objects import State, TaskRun
from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger
from prefect.tasks import exponential_backoff

from tasks.core.study.stage_record import Progress, StageCall, StageRecord, silent
from tasks.runtime.errors import StageFailedError
from tasks.runtime.lock import stage_lock
from tasks.runtime.run_session import StageEvent, current_session
from tasks.runtime.stage_cache import (
    StageRecordSerializer,
    cache_key,
    keep_record,
    made_record,
    prefect_cache_key,
)
from tasks.runtime.stage_runner import run_stage

RETRIES = 2
BACKOFF_S = 2.0
INTERVAL_S = 3.0
PERCENT = 100.0

P = ParamSpec("P")
R = TypeVar("R")


def is_transient(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Tell whether a failed stage is worth another try."""
    error = state.result(raise_on_failure=False)
    if current_session().stopping.is_set():
        return False
    return isinstance(error, StageFailedError) and error.is_transient


def _tell_end(_task: Task[Any, Any], run: TaskRun, state: State[Any]) -> None:
    session, stage = current_session(), run.name
    if state.name == "Cached":
        session.emit(StageEvent(stage, "cached"))
        record = state.result(raise_on_failure=False)
        if isinstance(record, StageRecord):
            keep_record(session.root, record)
    elif state.is_completed():
        session.emit(StageEvent(stage, "finished"))
    else:
        if not session.keeps_going:
            session.stop_starting()
        error = state.result(raise_on_failure=False)
        why = f"with {error.cause}" if isinstance(error, StageFailedError) else state.message or ""
        session.emit(StageEvent(stage, "failed", why))


def stage_task(name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Return what makes a task out of a thin function that takes `call: StageCall`.

    The task is cached by what its outputs depend on, and tried again, after a growing pause,
    where disk, memory or clock failed: never on mathematics or on bad input.
    """
    return task(
        name=name,
        task_run_name="{call.stage}",
        cache_policy=CacheKeyFnPolicy(cache_key_fn=prefect_cache_key),
        persist_result=True,
        result_serializer=StageRecordSerializer(),
        retries=RETRIES,
        retry_delay_seconds=exponential_backoff(BACKOFF_S),
        retry_jitter_factor=0.5,
        retry_condition_fn=is_transient,
        on_completion=[_tell_end],
        on_failure=[_tell_end],
    )


def execute(call: StageCall, on_progress: Progress = silent) -> StageRecord:
    """Execute a stage in its process; its output is streamed to the run's log.

    In a shared hub a stage that another worker has made meanwhile is not made again. Progress is
    told from another thread.
    """
    session, logger = current_session(), get_run_logger()
    key = cache_key(session.root, call)
    if not session.is_shared:
        return run_stage(session, call, key, logger.info, on_progress)
    with stage_lock(session.root, call.stage, session.stopping.is_set):
        made = made_record(session.root, call)
        if made is not None:
            logger.info("Another worker has just made %s", call.stage)
            return made
        return run_stage(session, call, key, logger.info, on_progress)


def submit(
    stage: Task[[StageCall], StageRecord],
    call: StageCall,
    after: list[PrefectFuture[StageRecord]],
) -> PrefectFuture[StageRecord]:
    """Submit a stage that starts once others have ended well; its record lies in the hub."""
    stored = stage.with_options(result_storage=current_session().results)
    return stored.submit(call, wait_for=after, return_state=False)


class ProgressArtifact:
    """A progress artifact that is updated at most every few seconds, in the context of its task.

    The first time that Prefect refuses it a warning is logged, and it is left alone from then on.
    """

    def __init__(
        self,
        key: str,
        logger: "logging.Logger | logging.LoggerAdapter[Any]",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make the artifact, inside of a task; the clock tells seconds from any zero."""
        self._key, self._logger, self._clock = key, logger, clock
        self._updated_s = clock()
        self._artifact: UUID | None = None
        self._artifact = self._tried(
            create_progress_artifact, progress=0.0, key=key, description="starting"
        )

    def __call__(self, done: int, total: int, text: str) -> None:
        """Take note of `done` of `total` steps."""
        now_s = self._clock()
        if now_s - self._updated_s >= INTERVAL_S:
            self._updated_s = now_s
            self._update(PERCENT * done / max(1, total), text)

    def finish(self, text: str) -> None:
        """Take note that the stage has ended well."""
        self._update(PERCENT, text)

    def _update(self, percent: float, text: str) -> None:
        if self._artifact is not None:
            self._artifact = self._tried(
                update_progress_artifact,
                artifact_id=self._artifact,
                progress=min(percent, PERCENT),
                description=text,
            )

    def _tried(self, call: Callable[..., Any], **arguments: Any) -> UUID | None:
        try:
            found: UUID = call(**arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, the stage matters more
            self._logger.warning(
                "Prefect does not take the progress of %s (%s: %s); the stage goes on without.",
                self._key,
                type(error).__name__,
                error,
            )
            return None
        return found
