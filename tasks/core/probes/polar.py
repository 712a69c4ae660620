"""Distance of every pixel from the optical axis."""

import numpy as np
from numpy.typing import NDArray


def radius_px(n_px: int) -> NDArray[np.float64]:
    """Return the distance of every pixel from [n_px // 2, n_px // 2] [px], shape (n_px, n_px)."""
    axis = np.arange(n_px) - n_px // 2
    return np.hypot(axis[:, None], axis[None, :])
