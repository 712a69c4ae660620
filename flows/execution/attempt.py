"""What a run leaves behind besides its results: the record of the attempt, and of a failure."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from prefect.client.schemas.objects import State

from flows.planning.plan import Plan
from tasks.core.files.atomic_files import write_json, write_text
from tasks.core.study.hub_layout import ATTEMPTS, BLOCKER_JSON, BLOCKER_TEXT
from tasks.core.study.stage_record import StageRecord
from tasks.report.publish.write_reports import utc_now
from tasks.runtime.errors import ConditionsFailedError, StageFailedError
from tasks.runtime.process_lifetime import redact_paths

SCHEMA_VERSION = 1


def record_attempt(hub: Path, started_at: str, result: str, details: dict[str, Any]) -> None:
    """Append one line about this attempt to `summary/attempts.jsonl`; older lines stay.

    The result is `success`, `no deltas`, `failed` or `interrupted`, the start a time in UTC.
    """
    times = {"started_at": started_at, "ended_at": utc_now()}
    kept: dict[str, Any] = portable(details, hub)
    entry = {"schema_version": SCHEMA_VERSION, **times, "result": result, **kept}
    path = hub / ATTEMPTS
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if _ends_within_a_line(file):
            file.write(b"\n")
        file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS))
        file.flush()
        os.fsync(file.fileno())


def _ends_within_a_line(file: BinaryIO) -> bool:
    """Tell whether a power cut has left half a line: what follows must not be lost with it."""
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return False
    file.seek(size - 1)
    return file.read(1) != b"\n"


def write_blocker(hub: Path, failure: BaseException) -> dict[str, Any]:
    """Write `blocker.json` and `blocker.txt`: what failed, how to repeat it, its last lines.

    Returns:
        Content of the JSON.
    """
    head = {"schema_version": SCHEMA_VERSION, "written_at": utc_now()}
    blocker: dict[str, Any] = head | portable(failure_entry(failure), hub)
    command = blocker["command"]
    lines = [
        f"Stage:     {blocker['stage'] or 'the flow itself'}",
        f"Exception: {blocker['exception']}: {blocker['message']}",
        f"Repeat:    {f'in the hub: {command}' if command else 'run the same command again'}",
        f"Log:       {blocker['log'] or 'none'}",
        "",
        *blocker["log_tail"],
    ]
    for entry in blocker.get("failures", [])[1:]:
        lines += ["", f"Also:      {entry['stage'] or 'a run'}, see {entry['log'] or 'no log'}"]
    write_text(hub / BLOCKER_TEXT, "\n".join(lines) + "\n")
    write_json(hub / BLOCKER_JSON, blocker)
    return blocker


def failure_entry(failure: BaseException) -> dict[str, Any]:
    """Return what failed, as `blocker.json` has it; of a sweep its first failure, and all."""
    entry: dict[str, Any] = {
        "stage": None,
        "command": None,
        "exception": type(failure).__name__,
        "message": str(failure),
        "log": None,
        "log_tail": [],
    }
    if isinstance(failure, StageFailedError):
        entry |= {
            "stage": failure.stage,
            "command": failure.command,
            "exception": failure.exception,
            "message": failure.message,
            "log": f"cli/{failure.stage}.log",
            "log_tail": failure.log_tail,
        }
    if isinstance(failure, ConditionsFailedError):
        first = failure.failures[0] if failure.failures else {}
        entry |= {name: first[name] for name in ("stage", "command", "log", "log_tail") if first}
        entry |= {
            "failures": failure.failures,
            "conditions": {"failed": failure.failed, "finished": failure.finished},
        }
    return entry


def clear_blocker(hub: Path) -> None:
    """Remove the record of an earlier failure; how that attempt ended stays on record."""
    for name in (BLOCKER_JSON, BLOCKER_TEXT):
        (hub / name).unlink(missing_ok=True)


def portable(content: Any, hub: Path) -> Any:
    """Return JSON with every text portable: what a hub keeps names no place of this machine."""
    if isinstance(content, str):
        return redact_paths(content, hub)
    if isinstance(content, dict):
        return {key: portable(value, hub) for key, value in content.items()}
    return [portable(value, hub) for value in content] if isinstance(content, list) else content


Ends = Mapping[str, State[StageRecord]]


def failed_stages(ends: Ends) -> list[BaseException]:
    """Return what stopped the stages that failed by themselves, in the order of the plan."""
    results = [state.result(raise_on_failure=False) for state in ends.values() if state.is_final()]
    return [result for result in results if isinstance(result, BaseException)]


def completed(ends: Ends) -> set[str]:
    """Return the names of the stages that have ended well."""
    return {name for name, state in ends.items() if state.is_completed()}


def raise_first_failure(ends: Ends) -> None:
    """Raise what stopped the first stage that failed, if one did.

    Raises:
        StageFailedError: If a stage failed.
        RuntimeError: If a stage ended in another way than completed.
    """
    for error in sorted(failed_stages(ends), key=lambda e: not isinstance(e, StageFailedError)):
        raise error
    n_unfinished = len(ends) - len(completed(ends))
    if n_unfinished:
        raise RuntimeError(f"{n_unfinished} stages did not complete. Run the same command again.")


def raise_unfinished(plan: Plan, done: set[str], failures: Sequence[dict[str, Any]]) -> None:
    """Raise an error if a stage of a condition is not among those that are done.

    Raises:
        ConditionsFailedError: If a condition lacks a stage; it has what stopped those that failed,
            entries as in `blocker.json`.
    """
    failed = [c.name for c in plan.conditions if not {call.stage for call in c} <= done]
    if failed:
        finished = [c.name for c in plan.conditions if c.name not in failed]
        raise ConditionsFailedError(failed, finished, list(failures))
