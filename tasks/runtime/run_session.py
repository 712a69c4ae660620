"""One run at work in one hub: its events, its processes and its share of the machine."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tasks.core.study.device import usable_cores
from tasks.core.study.stage_record import StageCall
from tasks.runtime.errors import BadInputError, RunStoppedError
from tasks.runtime.forked_stage import StageProcess, signal_group
from tasks.runtime.forks import Forks

EventKind = Literal["started", "progress", "finished", "cached", "failed"]
RESULTS_FOLDER = ".cache/prefect"
SETTLE_S = 0.3


@dataclass(frozen=True)
class StageEvent:
    """Something that a stage did, in a few words; for progress with the steps done and in all."""

    stage: str
    kind: EventKind
    text: str = ""
    done: int = 0
    total: int = 0


@contextmanager
def shown_as_stage(emit: Callable[[StageEvent], None], stage: str) -> Iterator[None]:
    """Tell of the start and the end of what happens in the block, by events of that name."""
    emit(StageEvent(stage, "started"))
    try:
        yield
    except BaseException as failure:
        emit(StageEvent(stage, "failed", type(failure).__name__))
        raise
    emit(StageEvent(stage, "finished"))


def available_cores() -> int:
    """Return `usable_cores` for a run that is about to start.

    BadInputError if `PHASE_G_CORES` is not a whole number above 0.
    """
    try:
        return usable_cores()
    except ValueError as error:
        raise BadInputError(str(error)) from error


class CoreSlots:
    """Lets as many stages run side by side as there are cores, the first of the plan first."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: list[int] = []
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, rank: int) -> Iterator[None]:
        """Hold a slot, given to the lowest rank of those that wait when it becomes free.

        Stages that become ready together ask within a moment, in any order; none gets a slot
        before that moment is over.
        """
        with self._changed:
            self._waiting.append(rank)
        time.sleep(SETTLE_S)
        with self._changed:
            self._changed.wait_for(lambda: self._free > 0 and rank == min(self._waiting))
            self._waiting.remove(rank)
            self._free -= 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()


@dataclass
class HubSession:
    """A run at work in a hub.

    Attributes:
        root: The hub.
        emit: Called with every event, from any thread.
        calls: The stages, those first that shall start first when cores are few.
        slots: As many stages run side by side as there are cores, one thread each.
        forks: Servers that the processes of stages are forked from.
        processes: Those of stages that run now.
        stopping: Set once no further stage shall start.
        keeps_going: Whether a failed stage stops only those that need its files.
        is_shared: Whether others may be at work on the same stages.
    """

    root: Path
    emit: Callable[[StageEvent], None]
    calls: Sequence[StageCall] = ()
    slots: CoreSlots = field(default_factory=lambda: CoreSlots(available_cores()))
    forks: Forks = field(init=False)
    processes: set[StageProcess] = field(default_factory=set)
    stopping: threading.Event = field(default_factory=threading.Event)
    keeps_going: bool = False
    is_shared: bool = False
    _ranks: dict[str, int] = field(init=False)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Know the stages by name."""
        self._ranks = {call.stage: rank for rank, call in enumerate(self.calls)}
        self.forks = Forks(self.calls)

    @property
    def results(self) -> Path:
        """Folder of Prefect's cached results; belongs to this machine, not to the evidence."""
        return self.root / RESULTS_FOLDER

    def rank(self, stage: str) -> int:
        """Return the place of a stage in the order of starting."""
        return self._ranks.get(stage, len(self._ranks))

    @contextmanager
    def adopted(self, start: Callable[[], StageProcess], stage: str) -> Iterator[StageProcess]:
        """Start the process of a stage, and know of it until the block ends.

        RunStoppedError if the run is stopping.
        """
        with self._guard:
            if self.stopping.is_set():
                raise RunStoppedError(f"Stage {stage} was not started: the run is being stopped.")
            process = start()
            self.processes.add(process)
        with process:
            try:
                yield process
            finally:
                with self._guard:
                    self.processes.discard(process)

    def stop_starting(self) -> None:
        """Let what runs end by itself, but start nothing more."""
        with self._guard:
            self.stopping.set()

    def kill_processes(self) -> None:
        """Start nothing more and end every process now."""
        self.stop_starting()
        with self._guard:
            alive = [process for process in self.processes if process.poll() is None]
        for process in alive:
            signal_group(process, signal.SIGKILL)
        self.forks.close()


_CURRENT: ContextVar[HubSession] = ContextVar("hub_session")


def current_session() -> HubSession:
    """Return the run that is at work in this context.

    RuntimeError if a stage is run outside of a session.
    """
    try:
        return _CURRENT.get()
    except LookupError:
        raise RuntimeError(
            "Stages run in the session of a hub. Wrap the call in `with hub_session(hub): ...`."
        ) from None


@contextmanager
def hub_session(
    root: Path,
    emit: Callable[[StageEvent], None] = lambda _event: None,
    calls: Sequence[StageCall] = (),
    *,
    keeps_going: bool = False,
    is_shared: bool = False,
) -> Iterator[HubSession]:
    """Open a session; whatever ends it, no process of a stage outlives it.

    Tasks that are submitted in this context find it by `current_session`. The arguments are its
    attributes.
    """
    session = HubSession(root, emit, calls, keeps_going=keeps_going, is_shared=is_shared)
    token = _CURRENT.set(session)
    try:
        yield session
    finally:
        session.kill_processes()
        _CURRENT.reset(token)
