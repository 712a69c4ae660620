"""Where the hub of a run lies, below the hub root where the machine has one, and its room there.

A form in a browser may name a folder, but not leave the root: a run that was triggered gets a
folder of its own below it, whatever path was typed. A person at a command line has a shell anyway,
and may name any folder.
"""

import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import TypeVar

import numpy as np
from prefect.runtime import deployment

from flows.params.own_rows import confined_rows
from flows.params.profiles import resolve
from flows.params.run import RunParams
from flows.planning.plan import Plan
from tasks.core.files.named_files import path_below
from tasks.core.physics.probe import energy_diameter_px
from tasks.core.study.hub_layout import PLAN
from tasks.core.study.stage_record import StageCall
from tasks.runtime.errors import BadInputError
from tasks.runtime.lock import LOCK_FILE
from tasks.simulate.fly_scan import lay_out_scans, make_probe

Params = TypeVar("Params", bound=RunParams)

HUB_ROOT_VARIABLE = "PHASE_G_HUB_ROOT"
# Objects that an output holds: a reconstruction is one, iterates are one for each epoch kept.
OBJECTS_IN = {
    "reconstruction": 1,
    "solution": 1,
    "same": 1,
    "longer": 1,
    "iterates": 14,
    "aligned": 7,
    "truth": 2,
    "coverage": 1,
    "plot": 3,
}
BYTES_OF_OBJECT_PIXEL = 8
BYTES_OF_COUNT = 2
# Weights of a network, curves, tables and logs.
BYTES_OF_STAGE = 2**20
BYTES_OF_REPORTS = 16 * 2**20


def hub_place(hub: Path) -> Path:
    """Return where a hub lies on this machine; makes nothing.

    A relative path is one below the root, or below the current folder where `PHASE_G_HUB_ROOT` is
    not set.

    Raises:
        BadInputError: If the root is not there, or the run was triggered and its hub leaves the
            root.
    """
    root = hub_root()
    if deployment.id is not None:
        return confined(hub, root or Path.cwd())
    return hub if root is None else root / hub


def placed(params: Params) -> Params:
    """Return parameters of a run with hubs and files where they lie on this machine.

    Another hub is that which networks are taken from, the files are those that bring rows. Raises
    as `hub_place` and `confined_rows`.
    """
    places: dict[str, object] = {"hub": hub_place(params.hub), **confined_rows(params)}
    if params.networks_from is not None:
        places["networks_from"] = hub_place(params.networks_from)
    return params.model_copy(update=places)


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
    """Return a hub below an existing root, by a path from outside; links are followed.

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


def check_place(hub: Path) -> None:
    """Refuse (BadInputError) a hub that cannot be a folder to write to; makes nothing."""
    existing = next(path for path in (hub, *hub.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise BadInputError(
            f"The hub {hub} must be a folder, but {existing} is a file. Give another --hub."
        )
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise BadInputError(
            f"The hub {hub} must be a folder to write to, but {existing} is not writable "
            f"({error.strerror}). Give another --hub or change its permissions."
        ) from error


def check_space(hub: Path, plan: Plan) -> None:
    """Refuse a run whose disk is too full; makes nothing.

    What the hub holds already needs no room again. BadInputError says what is needed and free.
    """
    existing = next(path for path in (hub, *hub.absolute().parents) if path.is_dir())
    there = [hub / path for call in plan for path in call.outputs.values()]
    made = sum(path.stat().st_size for path in there if path.is_file())
    needed, free = max(0, bytes_needed(plan) - made), shutil.disk_usage(existing).free
    if free < needed:
        raise BadInputError(
            f"The run needs about {needed / 2**20:,.0f} MiB in {hub}, and the disk has "
            f"{free / 2**20:,.0f} MiB free. Make room there, choose a hub on another disk, or take "
            f"a smaller profile."
        )


def bytes_needed(plan: Plan) -> int:
    """Return how large the hub of a run becomes, at most; nothing is compressed in it."""
    # Doses and seeds change neither the size of a scan nor that of an object.
    simulation = resolve(plan.conditions[0].params).simulation
    layout = lay_out_scans(simulation, energy_diameter_px(make_probe(simulation)))
    n_px = simulation.probe.n_px
    patterns = sum(len(positions) for positions in layout.positions_px.values())
    pixels = {
        split.value: math.prod(int(side) + n_px for side in np.ptp(positions, axis=0))
        for split, positions in layout.positions_px.items()
    }
    frame = math.prod(layout.shape)
    n_scans = sum("truth" in call.outputs for call in plan)
    scans = n_scans * patterns * n_px**2 * BYTES_OF_COUNT
    stages = sum(_bytes_of(call, pixels.get(call.stage.rpartition(".")[2], frame)) for call in plan)
    return scans + stages + BYTES_OF_REPORTS


def _bytes_of(call: StageCall, object_px: int) -> int:
    """Return what a stage writes beside scans, given the pixels of the object it sees."""
    objects = sum(OBJECTS_IN.get(name, 0) for name in call.outputs)
    return objects * object_px * BYTES_OF_OBJECT_PIXEL + BYTES_OF_STAGE
