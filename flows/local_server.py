"""The temporary Prefect server of a run on this machine."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import get_current_settings


@contextmanager
def local_server_starting() -> Iterator[None]:
    """Start Prefect's temporary server while the block runs; wait for it at the end.

    Ctrl-C goes to every process of a terminal. The server is started deaf to it, so that an
    interrupted run can still report its end; Prefect stops the server when this process exits.
    Where the settings name a server, or forbid a temporary one, nothing is started.
    """
    settings = get_current_settings()
    if settings.api.url is not None or not settings.server.ephemeral.enabled:
        yield
        return
    thread = threading.Thread(target=_start, name="local-server-start", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def _start() -> None:
    """Start the server from this thread, whose signal mask the process inherits."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    SubprocessASGIServer().start()
