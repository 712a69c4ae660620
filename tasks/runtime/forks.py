"""Servers that the stages of a session are forked from.

Half of the time of a short stage is the start of Python and of a framework. A server has that
behind it, once for all stages of its kind.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson

from tasks.core.study.stage_record import StageCall
from tasks.runtime.forked_stage import LONGEST_REPLY_BYTES, ForkedStage
from tasks.runtime.process_lifetime import module_command, stage_environment
from tasks.runtime.stage_loading import PLAIN, backend_of, kind_of, module_of

FORKS_VARIABLE = "PHASE_G_FORKS"
CLOSE_S = 5.0
FEWEST_STAGES = 2  # that are worth the start of a server


class ForkServer:
    """A process that has loaded what stages of one kind need, to fork them from."""

    def __init__(self, modules: Sequence[str], backend: str | None) -> None:
        """Start it; it imports modules, and Keras on its backend, while others go on."""
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._guard = threading.Lock()
        self._reply: dict[str, str | None] | None = None
        options = [] if backend is None else ["--backend", backend]
        with theirs:
            # It ends when nobody holds the other end of its socket any more.
            self._process = subprocess.Popen(
                module_command(
                    "tasks.runtime.fork_server", str(theirs.fileno()), *modules, *options
                ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=stage_environment(),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def refusal(self) -> str | None:
        """Wait until it has loaded, and return why it does not fork; None where it does."""
        with self._guard:
            if self._reply is None:
                said = self._control.recv(LONGEST_REPLY_BYTES)
                self._reply = orjson.loads(said) if said else {"refusal": "it ended while loading"}
            return self._reply["refusal"]

    def fork(self, hub: Path, stage: str, cache_key: str) -> ForkedStage:
        """Fork the process of a stage of the hub's plan.

        ConnectionError if the server is no longer there, or cannot fork.
        """
        asked = {"hub": str(hub), "stage": stage, "cache_key": cache_key}
        with contextlib.ExitStack() as opened:
            link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            opened.enter_context(link)
            reads, writes = os.pipe()
            output = opened.enter_context(os.fdopen(reads, encoding="utf-8", errors="replace"))
            with theirs, os.fdopen(writes, "wb"):
                descriptors = [writes, theirs.fileno()]
                socket.send_fds(self._control, [orjson.dumps(asked)], descriptors)
            said = link.recv(LONGEST_REPLY_BYTES)
            reply: dict[str, Any] = orjson.loads(said or b'{"refusal": "its server has ended"}')
            if "refusal" in reply:
                raise ConnectionRefusedError(reply["refusal"])
            opened.pop_all()  # both live as long as the process
        return ForkedStage(reply["pid"], link, output)

    def close(self) -> None:
        """End it, and every process that was forked from it."""
        with contextlib.suppress(OSError):  # it may have ended
            self._control.shutdown(socket.SHUT_RDWR)
        if self._reply is None:
            self._process.kill()  # while it loads it hears nothing
        try:
            self._process.wait(timeout=CLOSE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with self._guard:  # nobody waits for its word then
            self._control.close()


class Forks:
    """The servers of a session, one a kind of stage."""

    def __init__(self, calls: Sequence[StageCall]) -> None:
        """Plan servers, on Linux and unless `PHASE_G_FORKS=0`; none starts before a stage runs.

        The stages of the session come in the order of starting.
        """
        is_wanted = sys.platform == "linux" and os.environ.get(FORKS_VARIABLE) != "0"
        self._calls = list(calls) if is_wanted else []
        self._servers: dict[str, ForkServer] | None = None
        self._guard = threading.Lock()
        self._is_closed = False

    def server_for(
        self, call: StageCall, say: Callable[[str], None] = lambda _line: None
    ) -> ForkServer | None:
        """Return a server that has loaded and forks a stage; None where it shall start by itself.

        With the first stage that runs all servers start that pay for themselves: those with
        stages enough from that one on. `say` is told why, where a server does not fork.
        """
        with self._guard:
            if self._is_closed:
                return None
            if self._servers is None:
                self._servers = self._start_from(call)
            servers = self._servers
            server = servers.get(kind_of(call), servers.get(PLAIN))
        reason = None if server is None else server.refusal()
        if reason is not None:
            say(f"Not forked but started anew: {reason}.")
            return None
        return server

    def close(self) -> None:
        """End all servers, and start none any more."""
        with self._guard:
            self._is_closed = True
            servers = list((self._servers or {}).values())
        for server in servers:
            server.close()

    def _start_from(self, first: StageCall) -> dict[str, ForkServer]:
        """Start the servers of the stages from `first` on."""
        names = [call.stage for call in self._calls]
        if first.stage not in names:
            return {}
        coming: dict[str, list[StageCall]] = {}
        for call in self._calls[names.index(first.stage) :]:
            coming.setdefault(kind_of(call), []).append(call)
        return {
            kind: ForkServer(list(dict.fromkeys(map(module_of, calls))), backend_of(calls[0]))
            for kind, calls in coming.items()
            if len(calls) >= FEWEST_STAGES
        }
