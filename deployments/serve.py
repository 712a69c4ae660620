"""`python -m deployments.serve`: a server and workers on this machine, for people without one."""

if __name__ == "__main__":
    # Before the imports below, which load the catalogues.
    from tasks.commands import launch

    launch("deployments.serve")

import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import httpx
from cyclopts import Parameter

from deployments.automations import HEARTBEAT_S
from deployments.connection import STATE_FILE, connected, online_workers, run_command, state_folder
from deployments.declared import declared_deployments, declared_pools
from deployments.deploy import deploy
from deployments.processes import Service
from flows import PREFECT_ENVIRONMENT
from tasks.commands import new_app, say
from tasks.core.files.atomic_files import read_json, write_json
from tasks.runtime.errors import BadInputError
from tasks.runtime.process_lifetime import python_path

HOST = "127.0.0.1"
PATIENCE_S = 180.0
POLL_S = 0.3
# A person waits for the run; asking a server on the same machine costs next to nothing.
QUERY_S = 2
AUTH = ("PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING")
LEASES = "prefect.server.concurrency.lease_storage.filesystem"


def serve(
    *,
    port: Annotated[int, Parameter(env_var="PHASE_G_PORT")] = 4200,
    pools: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = ("phase-g-cpu",),
    wait_s: float = PATIENCE_S,
) -> int:
    """Start a Prefect server and a worker a pool in the background; `make stop` ends them.

    What runs already is left alone: after a worker died, the same command starts another. The
    server listens on 127.0.0.1 alone. Its data base and logs lie in .phase-g/.

    Parameters
    ----------
    port
        Port of the server.
    pools
        Pools that get a worker here; their deployments are registered.
    wait_s
        Seconds until the server must answer and the workers be online.
    """
    known = [pool.name for pool in declared_pools(gpus=1)]
    unknown = [pool for pool in pools if pool not in known]
    if unknown:
        raise BadInputError(f"There is no pool {unknown[0]}. Name some of: {', '.join(known)}.")
    folder = state_folder()
    environment = environment_of(os.environ, _port_of(folder, port), folder)
    os.environ |= {name: environment[name] for name in AUTH if name in environment}
    url = environment["PREFECT_API_URL"]
    _start_server(folder, environment, wait_s)
    deploy(*(one.slug for one in declared_deployments() if one.work_pool.name in pools))
    for pool in pools:
        worker = Service(f"worker-{pool}", folder)
        if worker.process_id() is None:
            worker.start(_worker_command(pool), environment)
        with connected() as client:
            _wait(lambda: bool(online_workers(client, pool)), worker, wait_s, "be online")  # noqa: B023
    say(f"The Prefect server and its workers ({', '.join(pools)}) run.")
    say(f"  In the browser:  {url.removesuffix('/api')}")
    say(f"  For a shell:     export PREFECT_API_URL={url}")
    say(f"  Logs:            {folder}")
    return 0


def environment_of(outer: Mapping[str, str], port: int, folder: Path) -> dict[str, str]:
    """Return the environment of server and workers, given a person's and the state folder.

    What the person's says of Prefect's home and of credentials holds.
    """
    own = {
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_API_URL": f"http://{HOST}:{port}/api",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": f"http://{HOST}:{port},http://localhost:{port}",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": LEASES,
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S),
        "PREFECT_WORKER_QUERY_SECONDS": str(QUERY_S),
        "PYTHONPATH": python_path(outer),
    }
    if AUTH[0] in outer:
        own[AUTH[1]] = outer[AUTH[0]]
    home = {"PREFECT_HOME": str(folder / "prefect")}
    return PREFECT_ENVIRONMENT | home | dict(outer) | own


def _port_of(folder: Path, port: int) -> int:
    """Return the port of the server: that of the one that runs already, else the one asked for."""
    if Service("server", folder).process_id() is None:
        _refuse_taken_port(port)
        return port
    return httpx.URL(read_json(folder / STATE_FILE)["api_url"]).port or port


def _start_server(folder: Path, environment: Mapping[str, str], wait_s: float) -> None:
    """Start the server unless it runs, wait until it answers, and note where it is."""
    server, url = Service("server", folder), environment["PREFECT_API_URL"]
    if server.process_id() is not None:
        say(f"The server (process {server.process_id()}) runs already.")
        return
    server.start([sys.executable, "-m", "prefect", "server", "start"], environment)
    write_json(folder / STATE_FILE, {"api_url": url})
    _wait(lambda: _is_healthy(url), server, wait_s, "answer")


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise BadInputError(
                f"Port {port} of {HOST} cannot be used ({error}). Free it, or take another one: "
                f"make serve PORT=4300"
            ) from error


def _is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=2).is_success
    except httpx.HTTPError:
        return False


def _wait(is_ready: Callable[[], bool], service: Service, wait_s: float, what: str) -> None:
    """Wait until a service is ready.

    BadInputError if it ends before, or takes too long; the message has its last lines.
    """
    deadline = time.monotonic() + wait_s
    while not is_ready():
        has_ended = service.process_id() is None
        if has_ended or time.monotonic() > deadline:
            how = "ended" if has_ended else f"did not {what} within {wait_s:g} s"
            raise BadInputError(
                f"The {service.name} {how}. `make stop` ends what was started. The last lines of "
                f"{service.log}:\n{service.last_words()}"
            )
        time.sleep(POLL_S)


def _worker_command(pool: str) -> list[str]:
    name = f"{pool}-{socket.gethostname()}"
    start = ["worker", "start", "--pool", pool, "--name", name, "--limit", "1"]
    return [sys.executable, "-m", "prefect", *start, "--type", "process"]


main = partial(run_command, new_app("deployments.serve", serve))
