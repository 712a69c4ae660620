"""How a run is shown: bars on a terminal, plain lines elsewhere, and always a log in the hub."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from rich.console import Console

from flows.planning.plan import Plan
from flows.progress import PLAIN_PROGRESS_STEP, ConditionBars, StageBars, stage_names
from tasks.core.study.hub_layout import RUN_LOG
from tasks.runtime.process_lifetime import redact_paths
from tasks.runtime.run_session import StageEvent


class RunMonitor:
    """Takes the events of a run, from any thread, to the run's log and to the terminal."""

    def __init__(self, plan: Plan, log: TextIO, console: Console | None) -> None:
        self._log = log
        self._hub = plan.params.hub
        self._console = console
        self._guard = threading.Lock()
        self._logged: dict[str, float] = {}
        self._started: dict[str, datetime] = {}
        self._names = stage_names(plan)
        self._bars: StageBars | ConditionBars | None = None
        if console is not None and console.is_terminal:
            kind = ConditionBars if len(plan.conditions) > 1 else StageBars
            self._bars = kind(console, plan, self._names)

    def shown(self) -> AbstractContextManager[object]:
        """Show the bars while the block runs, where there is a terminal."""
        return nullcontext() if self._bars is None else self._bars.progress

    def __call__(self, event: StageEvent) -> None:
        """Take one event; what stages of a cancelled run say after its end is left out."""
        with self._guard:
            if self._log.closed:
                return
            line = self._line(event)
            if line:
                text = redact_paths(line, self._hub)
                self._log.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n")
                self._log.flush()
            if self._bars is not None:
                self._bars.move(event)
            elif line and self._console is not None:
                shown = f"{datetime.now():%H:%M:%S} {line}"
                self._console.print(shown, markup=False, highlight=False, soft_wrap=True)

    def _line(self, event: StageEvent) -> str:
        """Return the plain line of an event; empty for progress that is too small to tell."""
        name = self._names.get(event.stage, event.stage)
        if event.kind == "started":
            self._started[event.stage] = datetime.now(UTC)
            self._logged[event.stage] = 0.0
            return f"{name}: started {event.text}".rstrip()
        if event.kind == "progress":
            fraction = event.done / max(1, event.total)
            if fraction - self._logged.get(event.stage, 0.0) < PLAIN_PROGRESS_STEP:
                return ""
            self._logged[event.stage] = fraction
            return f"{name}: {fraction:.0%}, {event.text}"
        if event.kind == "finished" and event.stage in self._started:
            seconds = (datetime.now(UTC) - self._started[event.stage]).total_seconds()
            return f"{name}: done in {seconds:.1f} s"
        return f"{name}: {event.kind} {event.text}".rstrip()


@contextmanager
def run_monitor(hub: Path, plan: Plan, console: Console | None) -> Iterator[RunMonitor]:
    """Open the run's log and show the run, to no one where nobody watches at a console."""
    path = hub / RUN_LOG
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        monitor = RunMonitor(plan, log, console)
        with monitor.shown():
            yield monitor
