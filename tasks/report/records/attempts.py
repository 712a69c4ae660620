"""What attempts at a run came to, `summary/attempts.jsonl`, and what stopped the last one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import ConfigDict, Field

from tasks.core.study.hub_layout import ATTEMPTS, BLOCKER_JSON
from tasks.report.records.record_model import (
    MayLack,
    Number,
    Record,
    Text,
    UtcTime,
    Verdict,
    Version,
    checked,
    read_record,
)

MOST_CHARACTERS = 400
KEPT = ("half_width", "kind", "n", "verdict")
# By arm, as `vs_<arm>`, metric and part.
Deltas = Mapping[str, Mapping[str, Mapping[str, Number | None]]]


class Conditions(Record):
    """The conditions of a sweep that failed, and those that are finished."""

    failed: list[str]
    finished: list[str]


class Failure(Record):
    """What stopped a run."""

    stage: str | None = Field(description="Stage that failed; null where it was the flow itself")
    exception: Text = Field(description="Kind of the fault")
    message: str
    conditions: MayLack[Conditions] = Field(None, description="Of a sweep")

    @property
    def place(self) -> str:
        """The stage that failed, in words."""
        return self.stage or "the flow itself"


class LoggedFailure(Failure):
    """What stopped one of the stages of a sweep."""

    log: str | None = Field(description="Log of the stage, relative to the hub")


class Blocker(LoggedFailure):
    """What stopped the last run."""

    model_config = ConfigDict(title=BLOCKER_JSON)

    schema_version: Version = 1
    written_at: UtcTime
    command: str | None = Field(
        description="Repeats the stage alone, from inside of the hub; null for the flow itself"
    )
    log_tail: list[str] = Field(description="Its last lines")
    failures: list[LoggedFailure] = Field([], description="Of a sweep, all that failed")

    @property
    def sentences(self) -> list[str]:
        """What happened, and where to look."""
        what = f"{self.exception}: {_shortened(self.message)}"
        told = [f"The last run was stopped in {self.place} by {what}"]
        told += [f"Its log is {self.log}."] if self.log else []
        return told + (
            [f"From inside of the hub `{self.command}` repeats it."] * bool(self.command)
        )


class KnownTo(Record):
    """How well a delta is known."""

    half_width: Number | None = Field(None, description="Half the width of its 95 % interval")
    kind: Literal["seeds", "spatial"] | None = None
    n: int | None = Field(0, description="Number of seeds, or of blocks of one image")
    verdict: Verdict | None = Field(None, description="From PtychoPINN's point of view")


Intervals = Mapping[str, Mapping[str, Mapping[str, KnownTo]]]


class Attempt(Record):
    """One attempt at a run of the study in a hub; lines are added and never changed."""

    model_config = ConfigDict(title=f"A line of {ATTEMPTS}")

    schema_version: Version = 1
    started_at: UtcTime
    ended_at: UtcTime
    result: Literal["success", "no deltas", "failed", "interrupted"]
    parameters: dict[str, Any] = Field(description="What the outputs depend on")
    deltas: Deltas | None = Field(None, description="PtychoPINN minus the other arms")
    intervals: Intervals | None = Field(None, description="How well each delta is known")
    git: dict[str, Any] | None = Field(None, description="Commit and cleanliness of the code")
    blocker: MayLack[Failure] = Field(None, description="What stopped it")


def interval_record(delta: dict[str, Any]) -> dict[str, Any]:
    """Return what an attempt keeps of the intervals of `metrics_delta_summary.json`."""
    return {
        rival: {
            metric: {part: {name: entry[name] for name in KEPT} for part, entry in parts.items()}
            for metric, parts in metrics.items()
        }
        for rival, metrics in delta["intervals"].items()
    }


def read_attempts(hub: Path) -> list[Attempt]:
    """Return the attempts, the oldest first; raises ValueError, which names a line that is none."""
    return [
        parse_attempt(line, f"{hub / ATTEMPTS}, line {number}")
        for number, line in enumerate(_lines(hub), start=1)
        if line.strip()
    ]


def last_attempt(hub: Path) -> Attempt | None:
    """Return the last attempt; None where there is none, or its line is damaged."""
    lines = _lines(hub)
    try:
        return parse_attempt(lines[-1], str(hub / ATTEMPTS)) if lines else None
    except ValueError:
        return None


def _lines(hub: Path) -> list[bytes]:
    path = hub / ATTEMPTS
    return path.read_bytes().splitlines() if path.is_file() else []


def read_blocker(hub: Path) -> Blocker | None:
    """Return what stopped the last run, None if nothing did; raises ValueError if it is damaged."""
    path = hub / BLOCKER_JSON
    if not path.is_file():
        return None
    cure = "It was edited or damaged: delete it, or run the same command again."
    return read_record(Blocker, path, cure)


def parse_attempt(line: bytes, where: str) -> Attempt:
    """Return the attempt that a line tells of; raises ValueError, which names where it stands."""
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(
            f"{where}: expected JSON, got {line[:40]!r} ({error}). It was cut short or edited: "
            f"remove the line."
        ) from error
    cure = "Read it with the program that wrote it, or remove the line."
    return checked(Attempt, content, where, cure)


def _shortened(message: str) -> str:
    """Return a message on one line that ends a sentence, and not endless."""
    text = " ".join(message.split())
    if len(text) > MOST_CHARACTERS:
        return f"{text[:MOST_CHARACTERS]}..."
    return text if text.endswith((".", "!", "?")) else f"{text}."
