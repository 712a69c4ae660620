"""Where and with what a run was made."""

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

from tasks.core.files.atomic_files import sha256_of
from tasks.runtime.errors import BadInputError
from tasks.runtime.run_session import available_cores

PROJECT = Path(__file__).resolve().parents[2]
COMMANDS_DOC_VARIABLE = "AUTHORITATIVE_CMDS_DOC"
PUBLISHER_VARIABLE = "PHASE_G_PUBLISHER"
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

    Raises:
        BadInputError: If it is not a name, or a name and an address.
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

    It is the one that `AUTHORITATIVE_CMDS_DOC` names, else the testing guide.

    Raises:
        BadInputError: If the variable names no existing file.
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
