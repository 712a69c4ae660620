"""The error of the stage: exposures are taken beside where the stage was sent."""

import math

import numpy as np
from pydantic import BaseModel, Field

from tasks.simulate.faults.fault import Fault, Positions, Streams

STREAM = 7
REACH = 4.0


class PositionErrorParams(BaseModel):
    """How large the error is, and whether it is known."""

    position_error_px: float = Field(
        0.0, ge=0, le=16, description="R.m.s. error of the stage along each axis [px]"
    )
    position_error_known: bool = Field(
        False, description="Whether the file holds the true positions, or those asked for"
    )


def displace(params: PositionErrorParams, positions: Positions, streams: Streams) -> Positions:
    """Return positions with the error of the stage, Gaussian along each axis.

    A larger error stretches the same displacements; none exceeds four times the r.m.s. value.
    """
    draws = streams(STREAM).standard_normal(positions.true_px.shape)
    true_px = positions.true_px + params.position_error_px * np.clip(draws, -REACH, REACH)
    return Positions(true_px, true_px if params.position_error_known else positions.recorded_px)


def reach_px(params: PositionErrorParams) -> int:
    """Return the largest displacement along an axis [px], rounded up."""
    return math.ceil(REACH * params.position_error_px)


def leave_a_guard_band(params: PositionErrorParams, n_px: int) -> None:
    """Refuse an error that takes more than half of the guard band between the splits."""
    reach = reach_px(params)
    if 4 * reach > n_px:
        raise ValueError(
            f"A position error of {params.position_error_px} px r.m.s. reaches {reach} px, which "
            f"leaves less than half of the guard band of {n_px} px between training and test. "
            f"Lower position_error_px to {n_px // 16} px or raise n_px."
        )


POSITION_ERROR = Fault(
    PositionErrorParams,
    streams=(STREAM,),
    positions=displace,
    reach_px=reach_px,
    check=leave_a_guard_band,
)
