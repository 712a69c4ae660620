"""`summary/attempts.jsonl`: what every attempt in a hub came to, one line each, read back."""

from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import ATTEMPTS, PLAN

TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
KEPT = ("half_width", "kind", "n", "verdict")

Number = Annotated[float, Field(allow_inf_nan=False)]


class _Line(BaseModel):
    """Part of a line; keys that are not known here are of a later version, and no fault."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class KnownTo(_Line):
    """How well a delta is known.

    Attributes:
        half_width: Half the width of its 95 % interval; None without one.
        kind: `seeds` or `spatial`; None without one.
        n: Number of seeds or blocks.
        verdict: `better`, `worse` or `inconclusive`; None without an interval.
    """

    half_width: Number | None = None
    kind: str | None = None
    n: int = 0
    verdict: str | None = None


Deltas = dict[str, dict[str, dict[str, Number | None]]]
Intervals = dict[str, dict[str, dict[str, KnownTo]]]


class Attempt(_Line):
    """One attempt at a run.

    Attributes:
        schema_version: Of the line; lines from before it was written are of the first.
        started_at: Time in UTC.
        ended_at: Time in UTC.
        result: `success`, `no deltas`, `failed` or `interrupted`.
        parameters: What the outputs depend on.
        deltas: PtychoPINN minus each rival by metric and part; None where there are none.
        intervals: How well each is known; None in lines from before it was written.
        git: Commit and cleanliness of the code.
        blocker: Stage, exception and message of a failure.
    """

    schema_version: Literal[1] = 1
    started_at: str = Field(pattern=TIME)
    ended_at: str = Field(pattern=TIME)
    result: str
    parameters: dict[str, Any] | None = None
    deltas: Deltas | None = None
    intervals: Intervals | None = None
    git: dict[str, Any] | None = None
    blocker: dict[str, Any] | None = None


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
    """Return the attempts of a hub, the oldest first; none where there is no record.

    Raises:
        ValueError: If a line is not an attempt; the message names it.
    """
    path = hub / ATTEMPTS
    if not path.is_file():
        return []
    return [
        _read_line(line, f"{path}, line {number}")
        for number, line in enumerate(path.read_bytes().splitlines(), start=1)
        if line.strip()
    ]


def last_attempt(hub: Path) -> Attempt | None:
    """Return the last attempt; None where there is none, or its line is damaged."""
    path = hub / ATTEMPTS
    lines = path.read_bytes().splitlines() if path.is_file() else []
    try:
        return _read_line(lines[-1], str(path)) if lines else None
    except ValueError:
        return None


def last_comparable(hub: Path) -> Attempt | None:
    """Return the last attempt with deltas that had the parameters of the hub's plan.

    Raises:
        ValueError: If a line is not an attempt, or the plan is not JSON.
    """
    if not (hub / PLAN).is_file():
        return None
    parameters = read_json(hub / PLAN)["parameters"]
    found = [
        attempt
        for attempt in read_attempts(hub)
        if attempt.deltas is not None and attempt.parameters == parameters
    ]
    return found[-1] if found else None


def _read_line(line: bytes, where: str) -> Attempt:
    try:
        return Attempt.model_validate(orjson.loads(line))
    except orjson.JSONDecodeError as error:
        raise ValueError(
            f"{where}: expected JSON, got {line[:40]!r} ({error}). It was cut short or edited: "
            f"remove the line."
        ) from error
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"])) or "the line"
        raise ValueError(
            f"{where} is not an attempt of this version: {place}: {fault['msg']}. Read it with the "
            f"program that wrote it, or remove the line."
        ) from error
