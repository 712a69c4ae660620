"""Faults of the instrument. A new one is one new file and one line of `FAULTS`."""

from typing import Any

from pydantic import ConfigDict

from tasks.core.study.catalogue import catalogue
from tasks.core.study.seeds import Purpose
from tasks.simulate.faults.background import BACKGROUND
from tasks.simulate.faults.bad_pixels import DEAD_PIXELS, HOT_PIXELS
from tasks.simulate.faults.beam_stop import BEAM_STOP
from tasks.simulate.faults.fault import Fault
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
class InstrumentParams(*(fault.params for fault in reversed(FAULTS))):  # type: ignore[misc]
    """Faults of the beam, the stage and the detector, each of which can be varied alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def check_faults(faults: tuple[Fault[Any], ...]) -> None:
    """Refuse faults that share a parameter, or draw from a stream that is another's."""
    names = [name for fault in faults for name in fault.params.model_fields]
    catalogue("parameter", *((name, None) for name in names))
    places = [*Purpose, *(place for fault in faults for place in fault.streams)]
    catalogue("stream", *((str(int(place)), None) for place in places))


check_faults(FAULTS)
