"""A command in a group of processes of its own, which ends as a whole.

Whatever ends this process ends the group too: a guard, in another session, waits until the pipe
from here closes, and kills what is left of the group.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

GRACE_S = 5.0
TAIL_LINES = 12
_FOLDERS = re.compile(r"(?<![\w.<>~/-])/(?:[^\s\"'<>()/:]+/)+")
_GUARD = "import os, signal, sys; sys.stdin.buffer.read(); os.killpg(int(sys.argv[1]), 9)"


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        code: Its exit code, below 0 that of a signal; None if its time was up.
        wall_s: Time on the clock [s].
        tail: The last lines that it said.
    """

    code: int | None
    wall_s: float
    tail: list[str]


def run_to_end(
    words: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    limit_s: float,
    say: Callable[[str], None],
) -> Ended:
    """Run a command, without a shell, and end all that it has started when it or its time ends.

    Args:
        words: Program and arguments.
        folder: Where it runs.
        environment: Its environment, whole.
        limit_s: Time on the clock that it has [s].
        say: Is given every line that it says, as `portable_line` has it, from another thread.

    Raises:
        ValueError: If it cannot be started.
    """
    started = time.perf_counter()
    try:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise ValueError(
            f"{words[0]} cannot be started ({error.strerror or error}). Correct the command."
        ) from error
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    with process, _guarded(process.pid):
        reader = threading.Thread(target=_read, args=(process.stdout or (), tail, say), daemon=True)
        reader.start()
        try:
            code: int | None = process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            code = None
        wall_s = time.perf_counter() - started
        _end_group(process)
        # What has left the group may hold the pipe open; nobody waits for that.
        reader.join(timeout=GRACE_S)
    return Ended(code, wall_s, list(tail))


def portable_line(line: str) -> str:
    """Return a line of a command as a hub keeps it: no folder of this machine, and no message.

    Of every path that begins at the root its last name is left.
    """
    return _FOLDERS.sub("<folder>/", line.replace(chr(0x1E), "").replace("file://", ""))


def _read(lines: Iterable[str], tail: deque[str], say: Callable[[str], None]) -> None:
    with contextlib.suppress(ValueError):  # closed meanwhile
        for line in lines:
            text = portable_line(line.rstrip())
            tail.append(text)
            say(text)


@contextlib.contextmanager
def _guarded(group: int) -> Iterator[None]:
    """Kill a group of processes if this process ends inside of the block."""
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _GUARD, str(group)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        guard.kill()
        with guard:
            pass


def _end_group(process: "subprocess.Popen[str]") -> None:
    """End what is left of a group: first asked, then killed."""
    if process.poll() is None:
        _signal(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=GRACE_S)
    _signal(process.pid, signal.SIGKILL)
    process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
