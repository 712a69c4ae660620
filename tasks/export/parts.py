"""Amplitude and phase of an object as people look at them."""

import numpy as np
from numpy.typing import NDArray


def parts_of(object_: NDArray[np.complexfloating]) -> dict[str, NDArray[np.floating]]:
    """Return amplitude and phase [rad] of an object, shape (H, W) each.

    The mean phase, which diffraction cannot tell, is taken out, so that a phase does not wrap
    where it need not.
    """
    total = np.nansum(object_)
    turn = np.exp(-1j * np.angle(total)) if total else 1.0
    return {"amplitude": np.abs(object_), "phase": np.angle(object_ * turn)}
