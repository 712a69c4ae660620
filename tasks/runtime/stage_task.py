"""The Prefect side of a stage: cached, retried, logged."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
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

P = ParamSpec("P")
R = TypeVar("R")


def is_transient(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Tell whether a failed stage is worth another try."""
    error = state.result(raise_on_failure=False)
    if current_session().stopping.is_set():
        return False
    return isinstance(error, StageFailedError) and error.is_transient


def _tell_end(_task: Task[Any, Any], run: TaskRun, state: State[Any]) -> None:
    session = current_session()
    stage = run.name
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
        session.emit(StageEvent(stage, "failed", state.message or ""))


def stage_task(name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Make a task out of a thin function that takes `call: StageCall` and executes it.

    The task is cached by what its outputs depend on, and tried again, after a growing pause,
    where disk, memory or clock failed: never on mathematics or on bad input.

    Args:
        name: Name of the task in Prefect.

    Returns:
        The decorator.
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

    In a shared hub a stage that another worker has made meanwhile is not made again.

    Args:
        call: The stage.
        on_progress: Told how far it is, from another thread.
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
    """Submit a stage that starts once others have ended well; its record lies in the hub.

    Args:
        stage: The task.
        call: The stage.
        after: Stages that it waits for.

    Returns:
        Future of its record.
    """
    storage = current_session().results
    stored = stage.with_options(result_storage=storage)
    return stored.submit(call, wait_for=after, return_state=False)
