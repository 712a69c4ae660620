"""Who would take a run: the workers of a pool that are online."""

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import WorkerFilter, WorkerFilterStatus
from prefect.client.schemas.objects import WorkPool

from tasks.runtime.errors import BadInputError


def online_workers(client: SyncPrefectClient, pool: str) -> list[str]:
    """Return the names of the workers of a pool that were heard of lately."""
    online = WorkerFilter(status=WorkerFilterStatus(any_=["ONLINE"]))
    return [worker.name for worker in client.read_workers_for_work_pool(pool, online)]


def refuse_idle_pool(client: SyncPrefectClient, pool: WorkPool) -> None:
    """Refuse a pool that would leave a run waiting.

    Raises:
        BadInputError: If it is paused or none of its workers is online.
    """
    if pool.is_paused:
        raise BadInputError(
            f"The work pool {pool.name} is paused. Resume it: prefect work-pool resume {pool.name}"
        )
    if not online_workers(client, pool.name):
        raise BadInputError(
            f"The work pool {pool.name} has no worker online, so the run would wait for ever. "
            f"Start one where the project is installed: prefect worker start --pool {pool.name} "
            f"--limit 1 (`make serve` starts one for phase-g-cpu on this machine)."
        )
