"""The process that stages of one kind are forked from.

It is started as `python -m tasks.runtime.fork_server`.

It loads what they have in common and then waits. A process forked from it begins where a new one
would be seconds later; it has its own memory, its own group and its own end, as any other.

A copy of a process is sound while that process has computed nothing. So nothing runs here but
imports, and a server that has more than one thread then, or has opened a GPU, refuses to fork.
"""

import argparse
import contextlib
import gc
import os
import re
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import orjson

from tasks.runtime.process_lifetime import PARENT_VARIABLE, rare_garbage_collection
from tasks.runtime.stage_loading import load
from tasks.runtime.stage_process import run_stage_process

LONGEST_MESSAGE_BYTES = 2**16
_GPU = re.compile(r"/dev/(nvidia|kfd|dri/)")


class StageForks:
    """The stages that were forked here and still run, each with the socket that its end goes to."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._running: dict[int, tuple[int, socket.socket]] = {}  # process and socket by pidfd
        # Not epoll, which a forked process would share.
        self._selector = selectors.PollSelector()
        self._selector.register(control, selectors.EVENT_READ)

    def serve(self) -> None:
        """Fork what is asked for and tell how it ends, until nobody can ask; then end it all."""
        while True:
            for key, _ in self._selector.select():
                if key.fd != self._control.fileno():
                    self._tell_end(key.fd)
                    continue
                message, descriptors, *_ = socket.recv_fds(self._control, LONGEST_MESSAGE_BYTES, 2)
                if not message:
                    self._end_all()
                    return
                output, link = descriptors
                self._fork(orjson.loads(message), output, socket.socket(fileno=link))

    def _fork(self, asked: dict[str, str], output: int, link: socket.socket) -> None:
        try:
            pid = os.fork()
        except OSError as error:  # too many processes, or too little memory for one more
            _send(link, {"refusal": str(error)})
            link.close()
            os.close(output)
            return
        if not pid:
            others = [other for _, other in self._running.values()]
            _become(asked, output, [self._control, link, *others])
        os.close(output)
        _lead_group(pid)  # before anybody knows its number, to end the group
        pidfd = os.pidfd_open(pid)
        self._running[pidfd] = (pid, link)
        self._selector.register(pidfd, selectors.EVENT_READ)
        _send(link, {"pid": pid})

    def _tell_end(self, pidfd: int) -> None:
        pid, link = self._running.pop(pidfd)
        self._selector.unregister(pidfd)
        os.close(pidfd)
        _, status = os.waitpid(pid, 0)
        with link:
            _send(link, {"code": os.waitstatus_to_exitcode(status)})

    def _end_all(self) -> None:
        for pidfd, (pid, _) in list(self._running.items()):
            os.killpg(pid, signal.SIGKILL)
            self._tell_end(pidfd)


def _send(link: socket.socket, message: dict[str, Any]) -> None:
    # Who asked may be gone; the server learns that from its own socket.
    with contextlib.suppress(BrokenPipeError):
        link.send(orjson.dumps(message))


def _lead_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.setpgid(pid, pid)


def _become(asked: dict[str, str], output: int, of_server: Iterable[socket.socket]) -> NoReturn:
    """Be the process of a stage from here to its end, without the sockets of the server."""
    code = 1
    try:
        for link in of_server:
            link.close()
        _lead_group(os.getpid())
        os.dup2(output, sys.stdout.fileno())
        os.dup2(output, sys.stderr.fileno())
        os.close(output)
        os.chdir(asked["hub"])
        code = run_stage_process(Path(asked["hub"]), asked["stage"], asked["cache_key"])
    finally:
        if sys.exc_info()[0] is not None:
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def refusal() -> str | None:
    """Return why this process must not be forked, None where it may be."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        return f"this kernel has no pidfd_open ({error})"
    n_threads = len(list(Path("/proc/self/task").iterdir()))
    if n_threads > 1:
        return f"its modules have started {n_threads - 1} threads"
    opened = [
        str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()
    ]
    devices = sorted({path for path in opened if _GPU.match(path)})
    return f"its modules have opened {', '.join(devices)}" if devices else None


def main() -> int:
    """Load, say whether that went well, and serve."""
    parser = argparse.ArgumentParser(prog="python -m tasks.runtime.fork_server")
    parser.add_argument("control", type=int, help="descriptor of the socket to be asked through")
    parser.add_argument("modules", nargs="*", help="what to import")
    parser.add_argument("--backend", help="framework of Keras, to import it too")
    arguments = parser.parse_args()
    os.environ[PARENT_VARIABLE] = str(os.getpid())
    with socket.socket(fileno=arguments.control) as control:
        load(arguments.modules, arguments.backend)
        reason = refusal()
        _send(control, {"refusal": reason})
        if reason is None:
            gc.freeze()  # what is loaded stays as it is, and its memory shared
            StageForks(control).serve()
    return 0


if __name__ == "__main__":
    with rare_garbage_collection():
        code = main()
    sys.exit(code)
