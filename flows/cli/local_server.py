"""The start of a command line, and the temporary Prefect server of a run on this machine.

The server takes longer to start than all else that a run does first, so it is started at once, as a
process of its own (`python -m flows.cli.local_server`), while this one still loads. Prefect's own
temporary server would be loaded in this process too, and only when the flow begins.
"""

import atexit
import logging
import os
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from typing import NoReturn

from flows import STARTUP_TIMEOUT_VARIABLE
from tasks.runtime.process_lifetime import (
    die_with_parent,
    module_command,
    process_environment,
    rare_garbage_collection,
)

STOP_S = 10.0
HOST = "127.0.0.1"
WITHOUT_A_RUN = {"--help", "-h", "--collect-only", "--report-only", "--post-verify-only"}


def launch_flow(module: str, function: str) -> NoReturn:
    """Launch the command line of a flow, whose server starts meanwhile where a run needs one."""
    with rare_garbage_collection():
        if WITHOUT_A_RUN.isdisjoint(sys.argv[1:]):
            the_local_server()
        from tasks import commands

        commands.launch(module, function)


class LocalServer:
    """A temporary server that starts, answers, and ends with this process."""

    def __init__(self) -> None:
        # A session of its own: Ctrl-C goes to every process of a terminal, and an interrupted run
        # can still report its end.
        self._process = subprocess.Popen(
            module_command("flows.cli.local_server"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | process_environment(),
            start_new_session=True,
        )

    @cached_property
    def api_url(self) -> str | None:
        """Its URL, once it answers; None where the settings name another, or forbid one.

        RuntimeError if it does not start in time.
        """
        if self._process.stdout is None:
            raise RuntimeError("The temporary Prefect server was started without a pipe.")
        limit_s = float(os.environ[STARTUP_TIMEOUT_VARIABLE])
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            is_answered = bool(selector.select(limit_s))
        url = self._process.stdout.readline().strip() if is_answered else ""
        if url:
            return url
        if is_answered and self._process.wait() == 0:
            return None
        raise RuntimeError(
            f"The temporary Prefect server did not start within {limit_s:g} s. Run the same "
            f"command again, raise {STARTUP_TIMEOUT_VARIABLE}, or name a server in PREFECT_API_URL."
        )

    def stop(self) -> None:
        """Ask the server to end, and wait for it; kill it where it does not."""
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@cache
def the_local_server() -> LocalServer | None:
    """Return the temporary server of this process, which starts at the first call.

    It ends when the process does: until then Prefect sends it what it has not sent yet. None where
    the environment names a server.
    """
    if os.environ.get("PREFECT_API_URL"):
        return None
    server = LocalServer()
    atexit.register(server.stop)
    return server


@contextmanager
def local_server() -> Iterator[None]:
    """Let Prefect use the temporary server while the block runs; RuntimeError if it is too slow.

    Where the settings name a server, or forbid a temporary one, they are left as they are.
    """
    from prefect.settings import PREFECT_API_URL, temporary_settings

    server = the_local_server()
    url = server and server.api_url
    with temporary_settings({} if url is None else {PREFECT_API_URL: url}):
        yield


def serve() -> int:
    """Be the process of the server, where one is wanted; return its exit code.

    It prints the URL of its API once it answers, and serves until it is told to end, or the process
    that started it ends. Where the settings name a server, or forbid a temporary one, it prints
    nothing and ends well.
    """
    die_with_parent()
    # Here and not above: Prefect takes seconds to load.
    from prefect.settings import get_current_settings

    settings = get_current_settings()
    if settings.api.url is not None or not settings.server.ephemeral.enabled:
        return 0
    import uvicorn
    from prefect.server.api.server import create_app

    class TellingServer(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if self.started:
                sys.stdout.write(f"{url}\n")
                sys.stdout.flush()

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as place:
        place.bind((HOST, 0))
        url = f"http://{HOST}:{place.getsockname()[1]}/api"
        app = create_app(ephemeral=True, final=True)
        config = uvicorn.Config(app, log_level=logging.ERROR, lifespan="on")
        TellingServer(config).run(sockets=[place])
    return 0


if __name__ == "__main__":
    with rare_garbage_collection():
        code = serve()
    sys.exit(code)
