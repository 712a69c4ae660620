"""Where and with what a run was made, and the plan that says so."""

import importlib.metadata
import os
import platform
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flows.planning.plan import ConditionPlan, Plan
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.files.atomic_files import sha256_of, write_json
from tasks.core.study.hub_layout import OWN_ROWS, PLAN
from tasks.core.study.stage_record import StageCall
from tasks.report.publish.write_reports import utc_now
from tasks.runtime.errors import BadInputError
from tasks.runtime.process_lifetime import PROJECT
from tasks.runtime.run_session import available_cores
from tasks.runtime.stage_cache import cache_key

COMMANDS_DOC_VARIABLE = "AUTHORITATIVE_CMDS_DOC"
PUBLISHER_VARIABLE = "PHASE_G_PUBLISHER"
PLAN_VERSION = 1
COMMANDS_DOC = "docs/TESTING_GUIDE.md"
PACKAGES = (
    "phase-g", "prefect", "numpy", "scipy", "scikit-image", "tensorflow", "keras", "torch",
    "ptychi", "h5py", "pydantic",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that make the numbers."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def machine() -> dict[str, Any]:
    """Return what kind of machine this is, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": available_cores(),
        "memory_gib": round(memory / 2**30, 1),
    }


def git_state() -> dict[str, Any]:
    """Return commit and cleanliness of the project's checkout; nulls where it is not one."""
    commit = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain")
    return {"commit": commit or None, "dirty": None if changes is None else bool(changes)}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(PROJECT), *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def publisher() -> str | None:
    """Return who publishes the hub, as `PHASE_G_PUBLISHER` says; None where it says nothing.

    BadInputError if it is not a name, or a name and an address.
    """
    named = os.environ.get(PUBLISHER_VARIABLE, "").strip()
    if named and not re.fullmatch(r"[^<>]*[^<>\s]\s*(<https?://[^<>\s]+>)?", named):
        raise BadInputError(
            f"{PUBLISHER_VARIABLE} must be `Name` or `Name <https://ror.org/...>`, got {named!r}. "
            f"Correct it, or unset it."
        )
    return named or None


def commands_doc() -> dict[str, Any]:
    """Return the document that says how the study is run, with its fingerprint.

    It is the one that `AUTHORITATIVE_CMDS_DOC` names, else the testing guide; BadInputError if the
    variable names no existing file.
    """
    named = os.environ.get(COMMANDS_DOC_VARIABLE)
    if not named:
        path = PROJECT / COMMANDS_DOC
        return {"name": COMMANDS_DOC, "sha256": sha256_of(path) if path.is_file() else None}
    path = Path(named)
    if not path.is_file():
        raise BadInputError(
            f"{COMMANDS_DOC_VARIABLE} must name an existing file, got {named!r}. Correct it, or "
            f"unset it to use {COMMANDS_DOC}."
        )
    inside = path.resolve().is_relative_to(PROJECT)
    name = path.resolve().relative_to(PROJECT).as_posix() if inside else path.name
    return {"name": name, "sha256": sha256_of(path)}


def write_plan(hub: Path, plan: Plan, instead: Iterable[StageCall] = ()) -> None:
    """Write `plan/plan.json`: parameters, versions, machine, and the stages with their keys.

    A key is known once the stage's inputs are there; it is null before. The calls `instead` are
    written in the place of those of the same names.
    """
    changed = {call.stage: call for call in instead}
    write_json(
        hub / PLAN,
        {
            "schema_version": PLAN_VERSION,
            "written_at": utc_now(),
            "parameters": plan.science,
            "versions": versions(),
            "git": git_state(),
            "machine": machine(),
            "commands_doc": commands_doc(),
            "publisher": publisher(),
            "reconstructions": list(RECONSTRUCTIONS.of_run(plan.params.arms)),
            **_own_rows(plan),
            "conditions": [_condition_entry(condition) for condition in plan.conditions],
            "stages": [_plan_entry(hub, changed.get(call.stage, call)) for call in plan],
        },
    )


def _own_rows(plan: Plan) -> dict[str, Any]:
    """Return the rows that the run has beside the catalogue, nothing where it has none."""
    rows = [row.model_dump(mode="json") for row in plan.rows]
    return {OWN_ROWS: rows} if rows else {}


def _condition_entry(condition: ConditionPlan) -> dict[str, Any]:
    """Return dose, view and stages of a condition; shared stages stand in each that needs them."""
    params = condition.params
    return {
        "dose": params.photons_per_pattern,
        "view": params.view_name,
        "n_replicates": len(condition.replicates),
        "stages": [call.stage for call in condition],
    }


def _plan_entry(hub: Path, call: StageCall) -> dict[str, Any]:
    is_ready = all((hub / path).is_file() for path in call.inputs.values())
    key = cache_key(hub, call) if is_ready else None
    return {**call.model_dump(mode="json"), "log": call.log, "cache_key": key}
