"""How a process ends with the one that started it."""

import ctypes
import os
import signal
import sys
import threading
import time

PARENT_VARIABLE = "PHASE_G_PARENT"
PR_SET_PDEATHSIG = 1


def parent_environment() -> dict[str, str]:
    """Return the variable by which a child of this process knows whom it must not outlive."""
    return {PARENT_VARIABLE: str(os.getpid())}


def die_with_parent() -> None:
    """Make sure that this process does not outlive the one that started it."""
    parent = int(os.environ.get(PARENT_VARIABLE, "0"))
    if not parent:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
