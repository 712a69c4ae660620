"""Where a simulated fly-scan lies: two regions of one object, a guard band apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.core.scan import jittered_raster
from tasks.core.seeds import Purpose, Split, spawn
from tasks.simulate.params import SimulationParams


@dataclass(frozen=True)
class ScanLayout:
    """Where the two scans lie on the object.

    Attributes:
        positions_px: Absolute positions (y, x) of each split [px].
        shape: Shape of the object that holds them both.
        guard_px: Free rows between the patches of the two splits [px].
    """

    positions_px: dict[Split, NDArray[np.float64]]
    shape: tuple[int, int]
    guard_px: int


def lay_out_scans(params: SimulationParams, probe_diameter_px: float) -> ScanLayout:
    """Place the training scan above the test scan, one patch of free rows between their patches.

    Args:
        params: Parameters of the simulation.
        probe_diameter_px: Diameter that holds 90 % of the probe's energy [px].

    Returns:
        Positions of both splits and the shape of the object.
    """
    n_px = params.probe.n_px
    step = (1 - params.overlap_ratio) * probe_diameter_px
    jitter = params.jitter_fraction * step
    margin = n_px // 2 + int(np.ceil(jitter)) + 1
    first_row = float(margin)
    positions, width = {}, 0
    for split, (rows, columns) in (
        (Split.TRAIN, params.train_positions),
        (Split.TEST, params.test_positions),
    ):
        rng = spawn(params.seed, Purpose.SCAN_JITTER, split)
        nodes = jittered_raster(rows, columns, step, jitter, rng)
        positions[split] = nodes + np.array([first_row, margin])
        last_row = first_row + (rows - 1) * step
        width = max(width, int(np.ceil(2 * margin + (columns - 1) * step)))
        first_row = float(np.ceil(last_row) + 2 * margin + n_px)
    height = int(np.ceil(last_row)) + margin
    return ScanLayout(positions, (height, width), guard_px=n_px)
