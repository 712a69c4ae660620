"""Processes of this project: how one is started by another, what it takes, and how both end.

What they say is kept in hubs, so it names no place of this machine.
"""

import ctypes
import gc
import os
import re
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PARENT_VARIABLE = "PHASE_G_PARENT"
PR_SET_PDEATHSIG = 1
COMMAND_NAME = Path("/proc/self/comm")
STATUS = Path("/proc/self/status")
OBJECTS_BETWEEN_COLLECTIONS = 50_000
STAGE_ENVIRONMENT = {
    # One thread a process: two threads on two busy cores are many times slower than one.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # What an array frees stays with the process. GNU's allocator gives large blocks back and
    # fetches new ones, zeroed, for the next array: a quarter of the time of pty-chi.
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**40),
    "MALLOC_TOP_PAD_": str(2**26),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "MPLBACKEND": "Agg",
    "PYTHONHASHSEED": "0",
    "PYTHONUNBUFFERED": "1",
}


def python_path(outer: Mapping[str, str]) -> str:
    """Return `PYTHONPATH` for a process that finds this project, given what it would have."""
    return os.pathsep.join(filter(None, [str(PROJECT), outer.get("PYTHONPATH")]))


def module_command(module: str, *words: str) -> list[str]:
    """Return the command that runs a module of this project, not one of the folder it stands in."""
    return [sys.executable, "-P", "-m", module, *words]


def process_environment() -> dict[str, str]:
    """Return what a process needs to find this project, and to know whom not to outlive."""
    return {"PYTHONPATH": python_path(os.environ), PARENT_VARIABLE: str(os.getpid())}


def stage_environment() -> dict[str, str]:
    """Return the environment of a process that runs stages, or that they are forked from."""
    return os.environ | STAGE_ENVIRONMENT | process_environment()


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


def name_process(name: str) -> None:
    """Let `top` and `ps -e` show this process by a name, on Linux by its first 15 characters."""
    if COMMAND_NAME.is_file():
        COMMAND_NAME.write_text(name)


@contextmanager
def rare_garbage_collection() -> Iterator[None]:
    """Collect garbage rarely while the block runs, and not at all when the process ends.

    Loading a framework makes a million objects and hardly any garbage. Python would look through
    them again and again, and once more at the end: 4 of the 11 s that a process with TensorFlow or
    torch takes to start and end. For the whole life of a process: what it leaves is given back
    with the process.
    """
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    try:
        yield
    finally:
        gc.freeze()


def peak_memory_mib() -> float:
    """Return the largest resident memory of this process [MiB].

    On Linux it is that of this program alone: `ru_maxrss` also counts what the process had been
    before it became this program, a copy of the one that started it.
    """
    if STATUS.is_file():
        found = re.search(r"^VmHWM:\s+(\d+) kB$", STATUS.read_text(), re.MULTILINE)
        if found:
            return int(found[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def children_cpu_s() -> float:
    """Return the time of all processors that ended children of this process have taken [s]."""
    used = os.times()
    return used.children_user + used.children_system


def children_peak_memory_mib() -> float:
    """Return the largest resident memory of an ended child [MiB]; 0 where there was none."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def redact_paths(text: str, hub: Path) -> str:
    """Return a text with paths that hold on any machine.

    Files of the hub are named relative to it; what lies in the project, in Python's folders, in
    the folder for temporary files or at a person's home is named from there, such as
    `<project>/tasks/train/stage.py`.
    """
    for place, name in _places(hub):
        inside = rf"(?<![\w.~>-]){re.escape(place)}"
        text = re.sub(f"{inside}/", f"{name}/" if name else "", text)
        text = re.sub(rf"{inside}(?![\w-])", name or "the hub", text)
    return text


def _places(hub: Path) -> list[tuple[str, str]]:
    """Return folders of this machine with what they are called, the inner before the outer."""
    names = {Path(tempfile.gettempdir()): "<temporary>", Path.home(): "~"}
    names |= {Path(sys.base_prefix): "<python>", Path(sys.prefix): "<python>"}
    names |= {PROJECT: "<project>", hub.absolute(): "", hub.resolve(): ""}
    deep = [(place.as_posix(), name) for place, name in names.items() if place.parent != place]
    return sorted(deep, key=lambda pair: -len(pair[0]))
