"""What a fault of the instrument is to a simulation: its parameters, and the steps that it changes.

Every fault is off by default, and draws from streams of its own, so that switching one on leaves
the draws of the others as they were.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from tasks.core import Complex128, Mask, Real, Real64

P = TypeVar("P", bound=BaseModel)
# The generator of a place in the tree of seeds.
Streams = Callable[[int], np.random.Generator]


@dataclass(frozen=True)
class Positions:
    """Where exposures are taken, and where the file says so, (y, x) [px], both of shape (J, 2)."""

    true_px: Real64
    recorded_px: Real64


@dataclass(frozen=True)
class Reading:
    """Photons of some patterns (J, N, N), and where a well was full; None: nowhere."""

    counts: NDArray[np.unsignedinteger]
    saturated: Mask | None = None


IntensityStep = Callable[[Real], Real]
CountsStep = Callable[[Reading], Reading]


@dataclass(frozen=True)
class Fault(Generic[P]):
    """A fault; every function is given its parameters first, and none need be there.

    Steps of a scan see its patterns some at a time, in their order; None stands for a fault that
    is off.

    Attributes:
        params: Its parameters, the one that switches it on first.
        streams: Places in the tree of seeds that it draws from, which no other draws from.
        modes: Returns modes of the probe, shape (M, N, N), made of those so far.
        positions: Returns positions, made of those so far.
        reach_px: Returns how far a position may lie from where it was asked for [px].
        intensity: Returns the step from expected photons (J, N, N) to others.
        counts: Returns the step from a reading to the next; given the CXI mask (N, N), too.
        mask: Returns bits of the CXI mask, shape (N, N), for a side N; the same for both splits.
        check: Raises ValueError where it does not fit patterns of a side [px].
        examples: Parameters that show it in the documentation, by title.
    """

    params: type[P]
    streams: tuple[int, ...] = ()
    modes: Callable[[P, Complex128], Complex128] | None = None
    positions: Callable[[P, Positions, Streams], Positions] | None = None
    reach_px: Callable[[P], int] | None = None
    intensity: Callable[[P, Streams], IntensityStep | None] | None = None
    counts: Callable[[P, NDArray[np.uint32], Streams], CountsStep | None] | None = None
    mask: Callable[[P, int, Streams], NDArray[np.uint32]] | None = None
    check: Callable[[P, int], None] | None = None
    examples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
