"""How much room a run needs on the disk, and whether it is there before work starts."""

import math
import shutil
from pathlib import Path

import numpy as np

from flows.params.profiles import resolve
from flows.planning.plan import Plan
from tasks.core.physics.probe import energy_diameter_px
from tasks.core.study.stage_record import StageCall
from tasks.runtime.errors import BadInputError
from tasks.simulate.fly_scan import lay_out_scans, make_probe

# Objects that an output holds: a reconstruction is one, iterates are one for each epoch kept.
OBJECTS_IN = {
    "reconstruction": 1,
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


def check_space(hub: Path, plan: Plan) -> None:
    """Refuse a run whose disk is too full; makes nothing.

    Args:
        hub: The hub, which need not exist; what it holds already needs no room again.
        plan: The stages.

    Raises:
        BadInputError: The message has the room that is needed and that there is.
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
