"""The instrument: its faults, and what they make of probe, positions, photons and mask.

Photons of the beam arrive one by one (Poisson); then every fault does its step, in the order of
`FAULTS`, which is that of the physics. A new fault is one new file and one line of `FAULTS`.
"""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core import Complex128, Real, Real64, StrictModel
from tasks.core.files.named_files import catalogue
from tasks.core.study.seeds import Purpose, Split, spawn
from tasks.simulate.faults.background import BACKGROUND
from tasks.simulate.faults.bad_pixels import DEAD_PIXELS, HOT_PIXELS
from tasks.simulate.faults.beam_stop import BEAM_STOP
from tasks.simulate.faults.fault import Fault, Positions, Reading, Streams
from tasks.simulate.faults.partial_coherence import PARTIAL_COHERENCE
from tasks.simulate.faults.point_spread import POINT_SPREAD
from tasks.simulate.faults.position_error import POSITION_ERROR
from tasks.simulate.faults.readout import READOUT

# In the order in which light meets them, which is that of the parameters, too.
FAULTS: tuple[Fault[Any], ...] = (
    PARTIAL_COHERENCE,
    POSITION_ERROR,
    BACKGROUND,
    BEAM_STOP,
    POINT_SPREAD,
    HOT_PIXELS,
    READOUT,
    DEAD_PIXELS,
)


# pydantic begins with the fields of the last base.
_PARAMS = [fault.params for fault in reversed(FAULTS)]


class InstrumentParams(*_PARAMS, StrictModel):  # type: ignore[misc]
    """Faults of the beam, the stage and the detector, each of which can be varied alone."""


def check_faults(faults: tuple[Fault[Any], ...]) -> None:
    """Refuse faults that share a parameter, or draw from a stream that is another's."""
    names = [name for fault in faults for name in fault.params.model_fields]
    catalogue("parameter", *((name, None) for name in names))
    places = [*Purpose, *(place for fault in faults for place in fault.streams)]
    catalogue("stream", *((str(int(place)), None) for place in places))


check_faults(FAULTS)


def modes_of_beam(params: InstrumentParams, modes: Complex128) -> Complex128:
    """Return the modes that faults make of a beam's, shape (M, N, N), the strongest first."""
    for fault in FAULTS:
        modes = modes if fault.modes is None else fault.modes(params, modes)
    return modes


def place_exposures(
    params: InstrumentParams, asked_px: Real64, seed: int, split: Split
) -> Positions:
    """Return where exposures are taken, and where the file says that they are.

    The stage is sent to `asked_px`, (y, x) [px], shape (J, 2).
    """
    positions = Positions(asked_px, asked_px)
    for fault in FAULTS:
        if fault.positions is not None:
            positions = fault.positions(params, positions, _streams(seed, split))
    return positions


def position_reach_px(params: InstrumentParams) -> int:
    """Return the farthest that an exposure lies from where it was asked for [px], rounded up."""
    return sum(fault.reach_px(params) for fault in FAULTS if fault.reach_px is not None)


def check_instrument(params: InstrumentParams, n_px: int) -> None:
    """Refuse faults that do not fit patterns of a side [px]."""
    for fault in FAULTS:
        if fault.check is not None:
            fault.check(params, n_px)


def pixel_mask(params: InstrumentParams, n_px: int, seed: int) -> NDArray[np.uint32]:
    """Return the CXI mask of both splits, (n_px, n_px); ValueError if half of it is not good."""
    mask, switches = np.zeros((n_px, n_px), dtype=np.uint32), []
    for fault in FAULTS:
        if fault.mask is not None:
            mask |= fault.mask(params, n_px, _streams(seed, None))
            name = next(iter(fault.params.model_fields))
            switches.append(f"{name} ({getattr(params, name):g})")
    n_good = np.count_nonzero(mask == 0)
    if 2 * n_good < mask.size:
        raise ValueError(
            f"{n_good} of {mask.size} detector pixels are good, at least half are needed. Lower "
            f"{', '.join(switches[:-1])} or {switches[-1]}."
        )
    return mask


class Detector:
    """Turns expected photons into readings; holds the streams of one scan: patterns in order."""

    def __init__(
        self, params: InstrumentParams, mask: NDArray[np.uint32], seed: int, split: Split
    ) -> None:
        streams = _streams(seed, split)
        before = (f.intensity(params, streams) for f in FAULTS if f.intensity is not None)
        after = (f.counts(params, mask, streams) for f in FAULTS if f.counts is not None)
        self._before, self._after = list(filter(None, before)), list(filter(None, after))

    def expect(self, intensity: Real) -> Real:
        """Return the photons to expect in every pixel, made of those of a steady beam."""
        for step in self._before:
            intensity = step(intensity)
        return intensity

    def read(self, arrived: NDArray[np.unsignedinteger]) -> Reading:
        """Return the readings of the beam's photons (J, N, N): the very same without a fault."""
        reading = Reading(arrived)
        for step in self._after:
            reading = step(reading)
        return reading


def _streams(seed: int, split: Split | None) -> Streams:
    """Return the streams of a scan, or those of both scans."""
    return partial(spawn, seed, split=split)
