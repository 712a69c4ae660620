"""A service of this machine: a process in the background, known by its id, ended by its id."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.runtime.errors import BadInputError

PATIENCE_S = 30.0
POLL_S = 0.1
LOG_TAIL_LINES = 20


@dataclass(frozen=True)
class Service:
    """A process that holds a lock for as long as it lives: an id of another is never taken for it.

    The lock, which has its id, and its log lie in the folder, called like it.
    """

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / f"{self.name}.log"

    @property
    def _lock(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def start(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> "subprocess.Popen[bytes]":
        """Start a command, no shell between, in a session of its own that outlives this process.

        BadInputError if it runs already.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._lock.open("a+") as lock, self.log.open("ab") as log:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BadInputError(
                    f"The {self.name} of {self.folder} runs already. End it with `make stop`."
                ) from None
            process = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(lock.fileno(),),
            )
            lock.truncate(0)
            lock.write(str(process.pid))
        return process

    def process_id(self) -> int | None:
        """Return the id of the process while it lives, else None."""
        if not self._lock.is_file():
            return None
        with self._lock.open("r") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read())
        return None

    def stop(self, patience_s: float = PATIENCE_S) -> str:
        """End the process, first asked and, when patience is over [s], killed; say how it went."""
        pid = self.process_id()
        if pid is None:
            return f"The {self.name} does not run."
        os.kill(pid, signal.SIGTERM)
        if self._has_ended(patience_s):
            return f"The {self.name} (process {pid}) has ended."
        os.killpg(pid, signal.SIGKILL)
        self._has_ended(patience_s)
        return f"The {self.name} (process {pid}) did not end in {patience_s:g} s and was killed."

    def _has_ended(self, patience_s: float) -> bool:
        """Wait until the process is gone, and tell whether it is."""
        deadline = time.monotonic() + patience_s
        while self.process_id() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    def last_words(self) -> str:
        """Return the last lines of the log."""
        if not self.log.is_file():
            return ""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])
