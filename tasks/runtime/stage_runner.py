"""Running a stage in a process of its own: its output is streamed, its time is limited."""

import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, TextIO

import orjson

from tasks.core.files.atomic_files import read_json
from tasks.core.study.stage_record import ENDED_WELL, Progress, StageCall, StageRecord, silent
from tasks.runtime.errors import StageFailedError
from tasks.runtime.forked_stage import StageProcess, signal_group
from tasks.runtime.process_lifetime import module_command, redact_paths, stage_environment
from tasks.runtime.run_session import HubSession, StageEvent
from tasks.runtime.stage_process import EXIT_TRANSIENT, MESSAGE_MARK

GRACE_S = 5.0
LOG_TAIL_LINES = 50
PROGRESS_LOG_FRACTION = 0.1
# What TensorFlow says on every machine before it can be told to be quiet.
_SAYS_NOTHING = re.compile(
    r"WARNING: All log messages before absl::InitializeLog"
    r"|[IE]\d{4} .*(port|cudart_stub|cpu_feature_guard|cuda_platform)\.cc:"
    r"|To enable the following instructions:"
)


@dataclass
class _Output:
    """What a stage has said: a log on disk, the last lines, and its own word on a failure."""

    stage: str
    session: HubSession
    log: TextIO
    on_line: Callable[[str], None]
    on_progress: Progress
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=LOG_TAIL_LINES))
    failure: dict[str, str] = field(default_factory=dict)
    logged_fraction: float = -1.0

    def read(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line.startswith(MESSAGE_MARK) and line.endswith("\n"):  # a kill may cut one
                self._take_message(orjson.loads(line[1:]))
            elif not _SAYS_NOTHING.match(line):
                self.say(redact_paths(line.rstrip(), self.session.root))

    def _take_message(self, message: dict[str, Any]) -> None:
        if "failure" in message:
            self.failure = message["failure"]
            return
        progress = message["progress"]
        done, total, text = progress["done"], progress["total"], progress["text"]
        fraction = done / total if total else 1.0
        if fraction - self.logged_fraction >= PROGRESS_LOG_FRACTION or done == total:
            self.logged_fraction = fraction
            self.say(f"{done}/{total}  {text}")
        self.session.emit(StageEvent(self.stage, "progress", text, done, total))
        self.on_progress(done, total, text)

    def say(self, line: str) -> None:
        self.tail.append(line)
        self.on_line(line)
        self.log.write(f"{line}\n")
        self.log.flush()


def run_stage(
    session: HubSession,
    call: StageCall,
    key: str,
    on_line: Callable[[str], None],
    on_progress: Progress = silent,
) -> StageRecord:
    """Run a stage in a process of its own, wait for it, and return the record of its manifest.

    It starts when a core is free. A time-out, an exception here or the death of this process ends
    it. Its output goes to its log and, line by line as it comes, to `on_line`, its progress to the
    session's events and `on_progress`: from another thread, in the context of this one.

    Raises:
        StageFailedError: If the stage ends without its outputs.
        RunStoppedError: If the run is being stopped.
    """
    hub = session.root
    log_path = hub / call.log
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with session.slots.taken(session.rank(call.stage)), log_path.open("a", encoding="utf-8") as log:
        session.emit(StageEvent(call.stage, "started"))
        log.write(f"# {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {call.stage}\n")
        output = _Output(call.stage, session, log, on_line, on_progress)
        code = _run(session, call, key, output)
        end = ENDED_WELL if code == 0 else "failed"
        log.write(f"# {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {end}\n")
    if code == 0:
        return StageRecord.model_validate(read_json(hub / call.manifest))
    raise _failure(call, code, output)


def _run(session: HubSession, call: StageCall, key: str, output: _Output) -> int | None:
    """Run a stage's process to its end; return its exit code, or None after a time-out."""
    server = session.forks.server_for(call, output.say)

    def start() -> StageProcess:
        if server is not None:
            try:
                return server.fork(session.root, call.stage, key)
            except ConnectionError as error:
                output.say(f"Not forked but started anew: {error}.")
        return _start_anew(session, call, key)

    with session.adopted(start, call.stage) as process:
        # In the context of the run: without it Prefect's log knows neither the run nor its server,
        # and starts another one.
        read = partial(copy_context().run, output.read, process.stdout or ())
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            return process.wait(timeout=call.timeout_s)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)
            reader.join()


def _start_anew(session: HubSession, call: StageCall, key: str) -> "subprocess.Popen[str]":
    words = [str(session.root), call.stage, "--cache-key", key]
    return subprocess.Popen(
        module_command("tasks.runtime.stage_process", *words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=stage_environment(),
        start_new_session=True,
        cwd=session.root,
    )


def _end(process: StageProcess) -> None:
    """End a process group that still runs: first asked, then killed."""
    if process.poll() is None:
        signal_group(process, signal.SIGTERM)
        try:
            process.wait(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            signal_group(process, signal.SIGKILL)
            process.wait()


def _failure(call: StageCall, code: int | None, output: _Output) -> StageFailedError:
    """Describe how a stage ended, with the command that repeats it from inside the hub."""
    if code is None:
        kind, message = "Timeout", f"killed after {call.timeout_s:g} s. Take a smaller profile."
    elif code < 0:
        name = signal.Signals(-code).name
        kind, message = name, f"killed by {name}; the machine may be out of memory."
    else:
        kind = output.failure.get("exception", f"exit code {code}")
        message = output.failure.get("message", "it said nothing; see its log.")
    return StageFailedError(
        call.stage,
        f"python -m tasks.runtime.stage_process . {call.stage}",
        kind,
        message,
        list(output.tail),
        is_transient=code is None or code < 0 or code == EXIT_TRANSIENT,
    )
