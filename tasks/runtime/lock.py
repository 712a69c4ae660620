"""Who may work in a hub, and on which stage, by locks of the kernel that die with their holders.

A run holds two locks of its hub. The first keeps every other run out. The second keeps workers
out, and is let go of while a sweep has its conditions filled in by workers, who share it; so a run
that begins after a sweep has died waits for no one, and meets none of its workers either. A stage
has a lock of its own, which two workers that both need it take one after the other.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from tasks.runtime.errors import HubBusyError, RunStoppedError

LOCK_FILE = ".lock"
WORKERS_FILE = ".workers.lock"
STAGE_LOCKS = ".cache/locks"
POLL_S = 0.2


@dataclass(frozen=True)
class HubLock:
    """A hub that is held by this run, with the open file of the lock that keeps workers out."""

    hub: Path
    workers: TextIO

    @contextmanager
    def workers_admitted(self) -> Iterator[None]:
        """Let workers into the hub while the block runs.

        Raises:
            HubBusyError: At the end, if one is still at work.
        """
        fcntl.flock(self.workers, fcntl.LOCK_UN)
        try:
            yield
        except BaseException:
            # What stopped the block matters more than who is still at work.
            _is_taken(self.workers, fcntl.LOCK_EX)
            raise
        _keep_workers_out(self.workers, self.hub)


@contextmanager
def hub_lock(hub: Path) -> Iterator[HubLock]:
    """Hold a hub, an existing folder; the kernel lets go of it however this process ends.

    Raises:
        HubBusyError: At once, if another run or a worker holds it.
    """
    with (hub / LOCK_FILE).open("a+") as file, (hub / WORKERS_FILE).open("a+") as workers:
        _take(file, hub)
        _keep_workers_out(workers, hub)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield HubLock(hub, workers)


@contextmanager
def worker_lock(hub: Path) -> Iterator[None]:
    """Share a hub, an existing folder, with the other workers of a sweep.

    Raises:
        HubBusyError: At once, if a run holds the hub for itself.
    """
    with (hub / WORKERS_FILE).open("a+") as file:
        if not _is_taken(file, fcntl.LOCK_SH):
            raise HubBusyError(
                f"A run is at work in {hub} that lets no worker in: the sweep that this condition "
                f"belonged to has ended. Start the sweep again; it goes on where it stopped."
            )
        yield


@contextmanager
def stage_lock(hub: Path, stage: str, is_stopping: Callable[[], bool]) -> Iterator[None]:
    """Hold a stage of a shared hub; wait while another worker is at it.

    RunStoppedError if the run `is_stopping` before the stage is free.
    """
    path = hub / STAGE_LOCKS / f"{stage}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        while not _is_taken(file, fcntl.LOCK_EX):
            if is_stopping():
                raise RunStoppedError(f"Stage {stage} was not started: the run is being stopped.")
            time.sleep(POLL_S)
        yield


def refuse_busy_hub(hub: Path) -> None:
    """Refuse a hub where another run or a worker is at work; changes nothing.

    HubBusyError if another holds the hub.
    """
    for name, refuse in ((LOCK_FILE, _take), (WORKERS_FILE, _keep_workers_out)):
        path = hub / name
        if path.is_file():
            # Network file systems give an exclusive lock to those alone who may write.
            with path.open("r+" if os.access(path, os.W_OK) else "r") as file:
                refuse(file, hub)


def _take(file: TextIO, hub: Path) -> None:
    """Lock an open file, or say who holds it; closing the file lets go."""
    if not _is_taken(file, fcntl.LOCK_EX):
        file.seek(0)
        holder = file.read().strip() or "unknown"
        raise HubBusyError(
            f"Another run (process {holder}) is at work in {hub}. Wait until it ends, or give "
            f"this one another folder with --hub."
        )


def _keep_workers_out(file: TextIO, hub: Path) -> None:
    """Lock the file that workers share, or say that one is at work."""
    if not _is_taken(file, fcntl.LOCK_EX):
        raise HubBusyError(
            f"Workers of an earlier sweep are still at work in {hub}. Wait until they end, or "
            f"cancel their runs."
        )


def _is_taken(file: TextIO, kind: int) -> bool:
    """Lock an open file if nobody holds it in another way; tell whether it is locked."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
