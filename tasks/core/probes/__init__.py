"""Illuminations. A new kind of probe is one new file and one line of `PROBES`."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tasks.core.probes.disc import disc
from tasks.core.probes.from_file import from_file
from tasks.core.probes.gaussian import gaussian
from tasks.core.probes.params import ProbeKind, ProbeParams
from tasks.core.probes.zone_plate import zone_plate

ProbeMaker = Callable[[ProbeParams], NDArray[np.complex128]]

PROBES: dict[ProbeKind, ProbeMaker] = {
    ProbeKind.ZONE_PLATE: zone_plate,
    ProbeKind.GAUSSIAN: gaussian,
    ProbeKind.DISC: disc,
    ProbeKind.FILE: from_file,
}
