"""One run at a time in a hub, by a lock of the kernel that dies with its holder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise HubBusyError(
                f"Another run (process {holder}) is at work in {hub}. Wait until it ends, or "
                f"give this one another folder with --hub."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def refuse_busy_hub(hub: Path) -> None:
    """Refuse a hub where another run is at work, without keeping it.

    Raises:
        HubBusyError: If another run holds the hub.
    """
    if (hub / LOCK_FILE).is_file():
        with hub_lock(hub):
            pass
