"""The conditions of a sweep as runs of a deployment, by the workers of its pool."""

import time
from collections.abc import Mapping
from typing import cast
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, WorkerStatus
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run
from prefect.states import Cancelling

from flows.params.run import PhaseGParams
from flows.runners.dask import Tell
from tasks.runtime.errors import BadInputError

POLL_S = 2.0


def check_deployment(name: str) -> None:
    """Refuse a deployment, such as `phase-g/gpu`, that is not there or that nobody would run.

    BadInputError if there is no such deployment, or its pool has no worker online.
    """
    with get_client(sync_client=True) as client:
        try:
            pool = client.read_deployment_by_name(name).work_pool_name
        except (ObjectNotFound, ValueError) as error:
            known = ", ".join(sorted(_known_deployments(client))) or "none"
            raise BadInputError(
                f"The server at {client.api_url} has no deployment {name!r}; of phase-g it has: "
                f"{known}. Correct the name, or make the deployments: make deploy."
            ) from error
        workers = client.read_workers_for_work_pool(pool) if pool else []
        if pool and flow_run.id is not None:
            _refuse_to_wait_for_itself(client, pool)
    if not any(worker.status is WorkerStatus.ONLINE for worker in workers):
        raise BadInputError(
            f"The pool {pool!r} of the deployment {name} has no worker online: nobody would run "
            f"the conditions. Start one: prefect worker start --pool {pool}."
        )


def _refuse_to_wait_for_itself(client: SyncPrefectClient, pool: str) -> None:
    """Refuse a pool whose only place this sweep takes itself; raises BadInputError."""
    own = client.read_flow_run(UUID(str(flow_run.id))).work_pool_name
    if own == pool and client.read_work_pool(pool).concurrency_limit == 1:
        raise BadInputError(
            f"The sweep runs in the pool {pool!r}, which takes one run at a time: its conditions "
            f"would wait for it, and it for them. Take the runner local, or a deployment of "
            f"another pool."
        )


def run_by_deployment(
    conditions: Mapping[str, PhaseGParams], deployment: str, tell: Tell
) -> dict[str, str | None]:
    """Start a run a condition, by their names, and wait for all; whatever ends this ends them.

    Returns:
        How each ended: nothing where it ended well, else a few words.
    """
    runs: dict[str, FlowRun] = {}
    try:
        for name, params in conditions.items():
            asked = {"params": params.model_dump(mode="json")}
            started = run_deployment(
                deployment, parameters=asked, timeout=0, flow_run_name=name.replace("/", "-")
            )
            runs[name] = cast("FlowRun", started)
            tell(name, "started", f"handed over to {deployment}")
        return _wait_for(runs, tell)
    except BaseException:
        _cancel(runs)
        raise


def _wait_for(runs: dict[str, FlowRun], tell: Tell) -> dict[str, str | None]:
    """Return how the runs ended."""
    ends: dict[str, str | None] = {}
    with get_client(sync_client=True) as client:
        while len(ends) < len(runs):
            time.sleep(POLL_S)
            for name in [name for name in runs if name not in ends]:
                state = client.read_flow_run(runs[name].id).state
                if state is not None and state.is_final():
                    end = None if state.is_completed() else f"ended as {state.name}"
                    ends[name] = f"{end}: {state.message}" if end else None
                    tell(name, "failed" if end else "finished", ends[name] or "")
    return ends


def _cancel(runs: dict[str, FlowRun]) -> None:
    """Ask the workers to end what still runs."""
    with get_client(sync_client=True) as client:
        for run in runs.values():
            state = client.read_flow_run(run.id).state
            if state is None or not state.is_final():
                client.set_flow_run_state(run.id, Cancelling())


def _known_deployments(client: SyncPrefectClient) -> list[str]:
    """Return the deployments of phase-g by their full names."""
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName

    flows = FlowFilter(name=FlowFilterName(any_=["phase-g"]))
    return [f"phase-g/{found.name}" for found in client.read_deployments(flow_filter=flows)]
