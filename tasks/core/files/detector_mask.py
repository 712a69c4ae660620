"""Which detector pixels can be trusted: the bits of a CXI mask.

Maia, Nature Methods 9, 854 (2012), and the CXI file format 1.6, table of `mask`. A pixel is good
if none of the bits of a fault is set; `HAS_SIGNAL` alone is no fault.
"""

from enum import IntFlag

import numpy as np
from numpy.typing import NDArray


class PixelFault(IntFlag):
    """Bits of the CXI mask that this project writes or knows."""

    INVALID = 0x1
    SATURATED = 0x2
    HOT = 0x4
    DEAD = 0x8
    SHADOWED = 0x10
    HAS_SIGNAL = 0x1000


def good_pixels(mask: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return where a CXI mask has no fault, same shape."""
    return np.asarray((mask & ~np.uint32(PixelFault.HAS_SIGNAL)) == 0)
