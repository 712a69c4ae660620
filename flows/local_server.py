"""The temporary Prefect server of a run on this machine.

It takes longer to start than all else that a run does first, so it is started at once, as a
process of its own (`local_server_process`), while this one still loads. Prefect's own temporary
server would be loaded in this process too, and only when the flow begins.
"""

import atexit
import os
import selectors
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from flows import STARTUP_TIMEOUT_VARIABLE
from tasks.runtime.parent import parent_environment

STOP_S = 10.0


class LocalServer:
    """A temporary server that starts, answers, and ends with this process."""

    def __init__(self) -> None:
        # A session of its own: Ctrl-C goes to every process of a terminal, and an interrupted run
        # can still report its end.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "flows.local_server_process"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | parent_environment(),
            start_new_session=True,
        )

    def api_url(self) -> str | None:
        """Wait until the server answers; return its URL, or None where the settings name another.

        Raises:
            RuntimeError: If it does not start in time.
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
        atexit.unregister(self.stop)
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


_STARTED: list[LocalServer] = []


@contextmanager
def local_server_starting() -> Iterator[None]:
    """Let the temporary server start while the block runs, for the run that may come in it."""
    _STARTED.append(LocalServer())
    try:
        yield
    finally:
        if _STARTED:
            _STARTED.pop().stop()


@contextmanager
def local_server() -> Iterator[None]:
    """Let Prefect use the temporary server while the block runs.

    It is the one that has been started, else a new one, and ends when this process does: until
    then Prefect sends it what it has not sent yet. Where the settings name a server, or forbid a
    temporary one, they are left as they are.

    Raises:
        RuntimeError: If it does not start in time.
    """
    from prefect.settings import PREFECT_API_URL, temporary_settings

    server = _STARTED.pop() if _STARTED else LocalServer()
    atexit.register(server.stop)
    url = server.api_url()
    with temporary_settings({} if url is None else {PREFECT_API_URL: url}):
        yield
