"""What the commands here share: how they are run, their connection to a server, and its workers."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from cyclopts import App
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import WorkerFilter, WorkerFilterStatus
from prefect.client.schemas.objects import WorkPool
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings

from flows.params.run import OPTION_NAMES
from tasks.commands import run_app
from tasks.core.files.atomic_files import read_json
from tasks.runtime.errors import BadInputError
from tasks.runtime.process_lifetime import PROJECT

STATE_VARIABLE = "PHASE_G_STATE"
STATE_FILE = "serve.json"
REFUSED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


def run_command(app: App, words: Sequence[str] | None = None) -> int:
    """Run a command line, on the words of this process without others; return its exit code."""
    arguments = sys.argv[1:] if words is None else words
    return run_app(app, arguments, options=OPTION_NAMES, refused=(BadInputError,))


def state_folder() -> Path:
    """Return where `make serve` keeps what it started on this machine."""
    return Path(os.environ.get(STATE_VARIABLE) or PROJECT / ".phase-g")


def server_url() -> str | None:
    """Return the URL of the server's API: the one of the settings, else that of `make serve`."""
    named = get_current_settings().api.url
    if named:
        return str(named)
    path = state_folder() / STATE_FILE
    return str(read_json(path)["api_url"]) if path.is_file() else None


@contextmanager
def connected() -> Iterator[SyncPrefectClient]:
    """Yield a client of a server that answers.

    BadInputError if no server is named, it does not answer, or it refuses the credentials.
    """
    url = server_url()
    if url is None:
        raise BadInputError(
            "No Prefect server is named. Start one on this machine with `make serve`, or set "
            "PREFECT_API_URL to the API of yours, such as http://127.0.0.1:4200/api."
        )
    with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
        try:
            client.read_work_pools(limit=1)
        except PrefectHTTPStatusError as error:
            raise BadInputError(_refusal(url, error.response.status_code)) from error
        except (httpx.HTTPError, OSError) as error:
            raise BadInputError(
                f"The Prefect server {url} does not answer ({type(error).__name__}: {error}). "
                f"Start it (`make serve` on this machine), or correct PREFECT_API_URL."
            ) from error
        yield client


def _refusal(url: str, status: int) -> str:
    if status in REFUSED:
        return (
            f"The Prefect server {url} refuses the credentials ({status}). Set "
            f"PREFECT_API_AUTH_STRING to USER:PASSWORD of that server."
        )
    return (
        f"The Prefect server {url} answers with {status}. PREFECT_API_URL must be its API, such as "
        f"http://127.0.0.1:4200/api."
    )


def online_workers(client: SyncPrefectClient, pool: str) -> list[str]:
    """Return the names of the workers of a pool that were heard of lately."""
    online = WorkerFilter(status=WorkerFilterStatus(any_=["ONLINE"]))
    return [worker.name for worker in client.read_workers_for_work_pool(pool, online)]


def refuse_idle_pool(client: SyncPrefectClient, pool: WorkPool) -> None:
    """Refuse a pool that would leave a run waiting.

    BadInputError if it is paused or none of its workers is online.
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
