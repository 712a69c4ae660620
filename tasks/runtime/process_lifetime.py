"""How a process of this project is started by another, and ends with it."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PARENT_VARIABLE = "PHASE_G_PARENT"
PR_SET_PDEATHSIG = 1
COMMAND_NAME = Path("/proc/self/comm")


def python_path(outer: Mapping[str, str]) -> str:
    """Return `PYTHONPATH` for a process that finds this project, wherever it stands.

    Args:
        outer: The environment that it would have.
    """
    return os.pathsep.join(filter(None, [str(PROJECT), outer.get("PYTHONPATH")]))


def child_command(module: str, *words: str) -> list[str]:
    """Return the command that runs a module of this project, not one of the folder it stands in.

    Args:
        module: Dotted name.
        words: What it is given.
    """
    return [sys.executable, "-P", "-m", module, *words]


def child_environment() -> dict[str, str]:
    """Return what a child must have to find this project, and to know whom not to outlive."""
    return {"PYTHONPATH": python_path(os.environ), PARENT_VARIABLE: str(os.getpid())}


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


def name_process(name: str) -> None:
    """Let `top` and `ps -e` show this process by a name, on Linux by its first 15 characters."""
    if COMMAND_NAME.is_file():
        COMMAND_NAME.write_text(name)


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
