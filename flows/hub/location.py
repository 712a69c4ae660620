"""Where the hub of a run lies: below the hub root, where the machine has one.

A form in a browser may name a folder, but not leave the root: a run that was triggered gets a
folder of its own below it, whatever path was typed. A person at a command line has a shell anyway,
and may name any folder.
"""

import os
from pathlib import Path

from prefect.runtime import deployment

from tasks.core.files.named_files import path_below
from tasks.core.study.hub_layout import PLAN
from tasks.runtime.errors import BadInputError
from tasks.runtime.lock import LOCK_FILE

HUB_ROOT_VARIABLE = "PHASE_G_HUB_ROOT"


def hub_place(hub: Path) -> Path:
    """Return where a hub lies on this machine; makes nothing.

    Args:
        hub: What the run is asked for. A relative path is one below the root, or below the
            current folder where `PHASE_G_HUB_ROOT` is not set.

    Raises:
        BadInputError: If the root is not there, or the run was triggered and its hub leaves the
            root.
    """
    root = hub_root()
    if deployment.id is not None:
        return confined(hub, root or Path.cwd())
    return hub if root is None else root / hub


def hub_root() -> Path | None:
    """Return the folder that hubs of this machine lie below; None where none is named.

    Raises:
        BadInputError: If it is not a folder. It is not made: where a disk is not mounted, the run
            would fill another one.
    """
    named = os.environ.get(HUB_ROOT_VARIABLE)
    if not named:
        return None
    root = Path(named)
    if not root.is_absolute():
        raise BadInputError(
            f"{HUB_ROOT_VARIABLE} must be an absolute path, got {named!r}. Start the worker with "
            f"the full path of the folder."
        )
    if not root.is_dir():
        raise BadInputError(
            f"{HUB_ROOT_VARIABLE} names {root}, which is no folder on this machine. Mount its "
            f"disk or make it, and start the run again."
        )
    return root


def confined(hub: Path, root: Path) -> Path:
    """Return a hub below a root, links followed.

    Args:
        hub: Path that came from outside, relative to the root or absolute.
        root: An existing folder.

    Raises:
        BadInputError: If the path has `..`, leads out of the root by itself or by a link, is the
            root itself, or names a folder that holds something else than a hub.
    """
    base, place = root.resolve(), path_below(root, hub)
    if place is None or place == base:
        raise BadInputError(
            f"The hub must lie below the hub root of the worker, got {str(hub)!r}. Give a relative "
            f"path such as runs/mine: no '..', no link and no absolute path that leads elsewhere."
        )
    hidden = [part for part in place.relative_to(base).parts if part.startswith(".")]
    if hidden or _holds_something_else(place):
        raise BadInputError(
            f"The hub {str(hub)!r} names a folder of the worker that is no hub. Give the path of "
            f"a new folder, or of an earlier run."
        )
    return place


def _holds_something_else(place: Path) -> bool:
    """Tell whether a folder has content, and none of the marks of a hub."""
    if not place.is_dir():
        return False
    names = {path.name for path in place.iterdir()}
    return bool(names) and LOCK_FILE not in names and not (place / PLAN).is_file()
