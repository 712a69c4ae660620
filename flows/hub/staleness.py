"""Whether a hub may be used for a run, and what becomes of outputs that no longer hold."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from flows.planning.plan import Plan
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import ATTEMPTS, PLAN
from tasks.runtime.errors import StaleHubError

OUTPUT_FOLDERS = ("data", "analysis", "plan", "cli", "summary")


def differences(old: Any, new: Any, name: str = "") -> list[str]:
    """Return how two trees of parameters differ, one line a leaf; a group that is none is empty."""
    groups = [{} if side is None else side for side in (old, new)]
    if old != new and all(isinstance(group, dict) for group in groups):
        before, after = groups
        return [
            line
            for key in sorted(before.keys() | after.keys())
            for line in differences(before.get(key), after.get(key), f"{name}.{key}".lstrip("."))
        ]
    return [] if old == new else [f"{name}: {old} -> {new}"]


def stale_outputs(hub: Path, plan: Plan) -> list[str]:
    """Return how the parameters of a hub's outputs differ from a plan's; empty where they agree.

    A hub without outputs is never stale; one with outputs but no readable plan always is.
    """
    if not (hub / PLAN).is_file():
        found = [name for name in OUTPUT_FOLDERS if (hub / name).is_dir() and name != "cli"]
        return [f"{PLAN} is missing, but there is {', '.join(found)}"] if found else []
    try:
        old = read_json(hub / PLAN)
    except ValueError as error:
        return [str(error)]
    known = old.get("parameters") if isinstance(old, dict) else None
    found = differences(with_new_options(known, plan.science, plan.params), plan.science)
    return found + lost_reconstructions(hub)


def broken_packages() -> list[str]:
    """Return which reconstructions and metrics of installed packages cannot be used, and why."""
    return [*RECONSTRUCTIONS.broken.values(), *METRICS.broken.values()]


def lost_reconstructions(hub: Path) -> list[str]:
    """Return which reconstructions a hub was made with that are not to be had, why, and the cure.

    None where no plan says it.
    """
    try:
        planned = read_json(hub / PLAN)
    except (OSError, ValueError):  # `stale_outputs` tells of it.
        return []
    named = planned.get("reconstructions", ()) if isinstance(planned, dict) else ()
    broken = RECONSTRUCTIONS.broken
    return [
        f"made with {name}, and {broken[name]}. Mend or remove that package"
        if name in broken
        else f"made with {name}, which is not in the catalogue. Put it back there"
        for name in named
        if name not in RECONSTRUCTIONS.registered
    ]


def with_new_options(old: Any, new: Any, params: Any) -> Any:
    """Return the parameters of a hub with the options that it does not know, where they are off.

    An option that was added to the program since, and has its default, changes nothing. `old` are
    the parameters that a plan on disk has, `new` those of the run that is asked for, both as JSON,
    and `params` the new ones as a pydantic model.
    """
    if not (isinstance(old, dict) and isinstance(new, dict) and isinstance(params, BaseModel)):
        return old
    found = dict(old)
    fields = type(params).model_fields
    for name in fields.keys() & new.keys():
        value = getattr(params, name)
        if name in old:
            found[name] = with_new_options(old[name], new[name], value)
        elif value == fields[name].get_default(call_default_factory=True):
            found[name] = new[name]
    return found


def refuse_stale_hub(hub: Path, plan: Plan) -> None:
    """Refuse a hub of other parameters by a StaleHubError that names them; deletes nothing."""
    stale = stale_outputs(hub, plan)
    if stale:
        lost = "; ".join(lost_reconstructions(hub))
        why = f"was {lost}" if lost else f"holds outputs of other parameters ({'; '.join(stale)})"
        raise StaleHubError(
            f"{hub} {why}. Give another --hub, "
            f"or --clobber to move what no longer holds to {hub}/archive and go on."
        )


def archive_stale_outputs(hub: Path, plan: Plan) -> Path | None:
    """Move what no longer holds to `archive/<time>/`; what the plan would make just so stays.

    Returns the folder in the archive, or None where nothing was stale.
    """
    if not stale_outputs(hub, plan):
        return None
    kept = _files_that_hold(hub, plan)
    files = [
        path.relative_to(hub).as_posix()
        for name in OUTPUT_FOLDERS
        for path in sorted((hub / name).rglob("*"))
        if path.is_file() and path.relative_to(hub).as_posix() not in kept
    ]
    archive = archive_files(hub, files)
    for root in (hub / name for name in OUTPUT_FOLDERS):
        for folder in sorted((p for p in (root, *root.rglob("*")) if p.is_dir()), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()
    return archive


def archive_files(hub: Path, paths: Iterable[str]) -> Path:
    """Move files of a hub, named relative to it, to `archive/<time>/`, and return that folder.

    The time has microseconds, so that what is archived is not written over by the next move.
    """
    archive = hub / "archive" / datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%fZ")
    for path in paths:
        target = archive / path
        target.parent.mkdir(parents=True, exist_ok=True)
        (hub / path).rename(target)
    return archive


def _files_that_hold(hub: Path, plan: Plan) -> set[str]:
    """Return the files of stages that old and new plan share, and the record of attempts."""
    kept = {ATTEMPTS}
    try:
        old = {entry["stage"]: entry for entry in read_json(hub / PLAN)["stages"]}
    except (ValueError, KeyError, TypeError, FileNotFoundError):
        return kept
    made: set[str] = set()
    for call in plan:
        entry = call.model_dump(mode="json")
        is_same = all(old.get(call.stage, {}).get(name) == entry[name] for name in entry)
        if is_same and set(call.inputs.values()) <= made:
            made |= {*call.outputs.values(), call.manifest}
            kept |= {*call.outputs.values(), call.manifest, call.log}
    return kept
