"""The focus of a zone plate, seen out of focus."""

import numpy as np
from numpy.typing import NDArray

from tasks.core.physics.probe import defocused_zone_plate_probe
from tasks.core.probes.params import ProbeParams


def zone_plate(params: ProbeParams) -> NDArray[np.complex128]:
    """Return the defocused focus of a zone plate with a central stop, of unit energy.

    Args:
        params: `n_px`, `aperture_fraction`, `central_stop_fraction` and `defocus_rad` count.

    Returns:
        Complex probe, shape (n_px, n_px), centred on [n_px // 2, n_px // 2].
    """
    return defocused_zone_plate_probe(
        params.n_px, params.aperture_fraction, params.central_stop_fraction, params.defocus_rad
    )
