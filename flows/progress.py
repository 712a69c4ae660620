"""Bars of a run on a terminal, and the names of its stages there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from flows.planning.plan import Plan
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import PUBLISH_DELTAS, VERIFY_EVIDENCE
from tasks.runtime.run_session import StageEvent

MARKS = {"finished": "[green]done", "cached": "[blue]already done", "failed": "[red]failed"}
REST = "reports"
SPLITS = {split.value for split in Split}
PLAIN_PROGRESS_STEP = 0.25
_WATCHING: ContextVar[Console | None] = ContextVar("watching_console", default=None)


class StageBars:
    """A bar a stage, which fills as the stage goes on."""

    def __init__(self, console: Console, plan: Plan, names: Mapping[str, str]) -> None:
        """Make an empty bar for every stage of a plan, and for what follows them."""
        self.progress = _progress(console)
        shown = {**names, **{name: name for name in closing_tasks(plan)}}
        self._tasks = {
            stage: self.progress.add_task(name, total=1, start=False, text="")
            for stage, name in shown.items()
        }

    def move(self, event: StageEvent) -> None:
        """Move the bar of a stage."""
        task = self._tasks.get(event.stage)
        if task is None:
            return
        if event.kind == "started":
            self.progress.start_task(task)
            self.progress.update(task, total=None)
        elif event.kind == "progress":
            self.progress.update(task, completed=event.done, total=event.total, text=event.text)
        else:
            self.progress.update(task, completed=1, total=1, text=MARKS[event.kind])
            self.progress.stop_task(task)


class ConditionBars:
    """A bar a condition, which fills by its stages; what they share fills the bars of all."""

    def __init__(self, console: Console, plan: Plan, names: Mapping[str, str]) -> None:
        """Make an empty bar for every condition of a plan, and one for its reports."""
        self.progress = _progress(console)
        self._names = names
        self._of_stage: dict[str, list[TaskID]] = {}
        self._whole: dict[str, TaskID] = {}
        self._failed: set[TaskID] = set()
        for condition in plan.conditions:
            stages = [call.stage for call in condition]
            self._whole[condition.name] = self._add(condition.name, stages)
        self._add(REST, [plan.costs.stage, plan.summary.stage, *closing_tasks(plan)])

    def move(self, event: StageEvent) -> None:
        """Move the bars of all that have a stage, or that of a condition that a worker runs."""
        if event.stage in self._whole:
            self._move_whole(self._whole[event.stage], event)
        for task in self._of_stage.get(event.stage, []):
            self._move_by_a_stage(task, event)

    def _add(self, name: str, stages: list[str]) -> TaskID:
        task = self.progress.add_task(name, total=len(stages), start=False, text="")
        for stage in stages:
            self._of_stage.setdefault(stage, []).append(task)
        return task

    def _move_whole(self, task: TaskID, event: StageEvent) -> None:
        if event.kind == "started":
            self.progress.start_task(task)
            self.progress.update(task, text=event.text)
        else:
            total = self.progress.tasks[task].total
            self.progress.update(task, completed=total, text=MARKS[event.kind])
            self.progress.stop_task(task)

    def _move_by_a_stage(self, task: TaskID, event: StageEvent) -> None:
        name = self._names.get(event.stage, event.stage).partition(" ")[2]
        if event.kind == "started":
            self.progress.start_task(task)
        if event.kind == "failed":
            self._failed.add(task)
        if event.kind in MARKS:
            self.progress.advance(task)
        if task in self._failed:
            self.progress.update(task, text=MARKS["failed"])
        elif self.progress.tasks[task].finished:
            self.progress.update(task, text=MARKS["finished"])
            self.progress.stop_task(task)
        elif event.kind == "started":
            self.progress.update(task, text=name)


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[text]}"),
        console=console,
    )


def stage_names(plan: Plan) -> dict[str, str]:
    """Return the name of every stage for people; in a sweep with that of its condition.

    A stage that the views of a dose share is named by the dose alone.
    """
    if len(plan.conditions) == 1 and not plan.conditions[0].params.part_of_sweep:
        return {call.stage: short_name(call.stage) for call in plan}
    places: dict[str, set[str]] = {}
    for condition in plan.conditions:
        for call in condition:
            places.setdefault(call.stage, set()).add(condition.name)
    return {call.stage: _name_at(call.stage, places.get(call.stage, set())) for call in plan}


def _name_at(stage: str, conditions: set[str]) -> str:
    if not conditions:
        return short_name(stage)
    place = min(conditions) if len(conditions) == 1 else min(conditions).partition("/")[0]
    return f"{place} {short_name(stage)}"


def short_name(stage: str) -> str:
    """Return a stage's name for people: `predict-baseline test` of `predict-baseline.….test`.

    Replicates after the first are named: `predict-baseline test, replicate 2`.
    """
    name, *rest = stage.split(".")
    splits = [f" {part}" for part in rest[-1:] if part in SPLITS]
    numbers = [part.removeprefix("replicate_") for part in rest if part.startswith("replicate_")]
    return "".join([name, *splits, *(f", replicate {number}" for number in numbers)])


def closing_tasks(plan: Plan) -> list[str]:
    """Return what a run does after its stages, each time."""
    return [PUBLISH_DELTAS] if plan.params.skip_post_verify else [PUBLISH_DELTAS, VERIFY_EVIDENCE]


@contextmanager
def watched_on(console: Console) -> Iterator[None]:
    """Show the runs of this context to the person at a console."""
    token = _WATCHING.set(console)
    try:
        yield
    finally:
        _WATCHING.reset(token)


def watching_console() -> Console | None:
    """Return the console where a person watches this run, or None."""
    return _WATCHING.get()
