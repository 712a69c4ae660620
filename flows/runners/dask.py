"""The conditions of a sweep on an existing Dask cluster, a Prefect task each."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from prefect import Flow, flow, task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture, as_completed
from prefect.task_runners import TaskRunner

from flows.params.run import PhaseGParams
from tasks.runtime.errors import BadInputError
from tasks.runtime.run_session import EventKind

ANSWER_S = 5


# Shows the start or the end of a condition, by its name and in a few words.
Tell = Callable[[str, EventKind, str], None]


def check_cluster(address: str) -> None:
    """Raise BadInputError within seconds if prefect-dask or a cluster with workers is missing."""
    try:
        import prefect_dask.task_runners  # noqa: F401 - is it there?
        from distributed import Client
    except ImportError as error:
        raise BadInputError(
            f"The runner dask needs prefect-dask ({error}). Install it: pip install '.[dask]'."
        ) from error
    try:
        with Client(address, timeout=ANSWER_S, set_as_default=False) as client:  # type: ignore[no-untyped-call]
            n_workers = len(client.scheduler_info(n_workers=-1)["workers"])
    except (OSError, ValueError, TimeoutError) as error:
        raise BadInputError(
            f"No Dask scheduler answers at {address} within {ANSWER_S} s ({error}). Correct "
            f"dask_address, or start one: dask scheduler."
        ) from error
    if n_workers == 0:
        raise BadInputError(
            f"The Dask cluster at {address} has no worker. Start one: dask worker {address}."
        )


def run_on_dask(
    conditions: Mapping[str, PhaseGParams], address: str, tell: Tell
) -> dict[str, str | None]:
    """Run conditions, by their names, on a cluster, as many at a time as its workers have threads.

    Returns:
        How each ended: nothing where it ended well, else a few words.
    """
    from prefect_dask.task_runners import DaskTaskRunner

    runner = cast("TaskRunner[PrefectFuture[Any]]", DaskTaskRunner(address=address))
    return _on_cluster(conditions, tell).with_options(task_runner=runner)()


def _on_cluster(
    conditions: Mapping[str, PhaseGParams], tell: Tell
) -> Flow[[], dict[str, str | None]]:
    """Return the flow that hands the conditions over and waits for them."""

    @flow(name="dose-overlap-conditions", persist_result=False)
    def hand_over() -> dict[str, str | None]:
        names, futures = {}, []
        for name, params in conditions.items():
            futures.append(run_condition.submit(params.model_dump(mode="json")))
            names[futures[-1].task_run_id] = name
            tell(name, "started", "handed over to Dask")
        ends = {}
        for future in as_completed(futures):
            name, end = names[future.task_run_id], _end_of(future)
            ends[name] = end
            tell(name, "failed" if end else "finished", end or "")
        return ends

    return hand_over


@task(name="run-condition", cache_policy=NO_CACHE, persist_result=False)
def run_condition(params: dict[str, Any]) -> str | None:
    """Run one condition in the process of a worker; its stages have child processes there too.

    Returns nothing where it ended well, else a few words.
    """
    from flows.phase_g import phase_g

    state = phase_g(PhaseGParams.model_validate(params), return_state=True)
    return None if state.is_completed() else f"ended as {state.name}: {state.message}"


def _end_of(future: PrefectFuture[str | None]) -> str | None:
    """Return how a condition ended; also where its worker was lost."""
    try:
        end = future.result(raise_on_failure=False)
    except Exception as error:  # noqa: BLE001 - of Dask; the files say what is done
        return f"was lost: {type(error).__name__}: {error}"
    return str(end) if end is not None else None
