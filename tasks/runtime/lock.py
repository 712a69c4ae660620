"""One run at a time in a hub, by a lock of the kernel that dies with its holder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tasks.runtime.errors import HubBusyError

LOCK_FILE = ".lock"


@contextmanager
def hub_lock(hub: Path) -> Iterator[None]:
    """Hold the hub; the kernel lets go of it however this process ends.

    Args:
        hub: An existing folder.

    Raises:
        HubBusyError: At once, if another run holds it; the message gives its process.
    """
    with (hub / LOCK_FILE).open("a+") as file:
        _take(file, hub)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def refuse_busy_hub(hub: Path) -> None:
    """Refuse a hub where another run is at work; changes nothing.

    Raises:
        HubBusyError: If another run holds the hub.
    """
    if (hub / LOCK_FILE).is_file():
        with (hub / LOCK_FILE).open("r") as file:
            _take(file, hub)


def _take(file: TextIO, hub: Path) -> None:
    """Lock an open file, or say who holds it; closing the file lets go."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        raise HubBusyError(
            f"Another run (process {holder}) is at work in {hub}. Wait until it ends, or give "
            f"this one another folder with --hub."
        ) from None
