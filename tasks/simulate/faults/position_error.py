"""Where the stage really was."""

import numpy as np
from numpy.typing import NDArray

from tasks.core.study.seeds import Purpose, Split, spawn
from tasks.simulate.faults import POSITION_ERROR_REACH, InstrumentParams


def displaced_positions(
    positions_px: NDArray[np.float64], params: InstrumentParams, seed: int, split: Split
) -> NDArray[np.float64]:
    """Return positions with the error of the stage, Gaussian along each axis.

    A larger error stretches the same displacements; none exceeds four times the r.m.s. value, so
    that the splits stay apart.

    Args:
        positions_px: Positions (y, x) that the stage is sent to [px], shape (J, 2).
        params: Faults.
        seed: Root seed.
        split: Part of the sample.

    Returns:
        Where the exposures are taken [px], shape (J, 2).
    """
    draws = spawn(seed, Purpose.POSITION_ERROR, split).standard_normal(positions_px.shape)
    reach = POSITION_ERROR_REACH
    return positions_px + params.position_error_px * np.clip(draws, -reach, reach)
