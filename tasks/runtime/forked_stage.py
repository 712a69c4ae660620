"""A stage in a process that a fork server has forked."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
from multiprocessing.connection import wait
from typing import IO, Self

import orjson

LONGEST_REPLY_BYTES = 2**12


class ForkedStage:
    """The process, of that id and group, of a stage that a server has forked, used as a `Popen`."""

    def __init__(self, pid: int, link: socket.socket, stdout: IO[str]) -> None:
        """Take over a process; its end is told through the link, which is closed here."""
        self.pid = pid
        self.stdout: IO[str] | None = stdout
        self._link = link
        self._code: int | None = None
        self._guard = threading.Lock()

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        with self._guard:
            if self._code is None and wait([self._link], timeout=0):
                # A server that died has taken its processes along.
                said = self._link.recv(LONGEST_REPLY_BYTES)
                self._code = int(orjson.loads(said)["code"]) if said else -signal.SIGKILL
            return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit code, below 0 that of a signal.

        subprocess.TimeoutExpired if it still runs after the timeout [s].
        """
        wait([self._link], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.stdout is not None:
            self.stdout.close()
        self.wait()
        self._link.close()


StageProcess = subprocess.Popen[str] | ForkedStage  # what a stage runs in


def signal_group(process: StageProcess, number: signal.Signals) -> None:
    """Send a signal to a process and all that it has started, unless it has just ended."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
