"""The part of the object's frame that a scan covers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.core.geometry.patches import patch_corners


@dataclass(frozen=True)
class Box:
    """The smallest part of the object's frame that holds every patch of a scan.

    Attributes:
        corner_px: Row and column of its first pixel in the frame of the object.
        shape: Shape (H, W).
    """

    corner_px: tuple[int, int]
    shape: tuple[int, int]


def scan_box(positions_px: NDArray[np.floating], n_px: int) -> Box:
    """Return the box around the patch of n_px x n_px at every position (y, x) [px]."""
    # Any frame that is large enough gives the corners; this one is.
    reach = int(np.ceil(positions_px.max())) + n_px
    corners = patch_corners(positions_px, n_px, (reach, reach))
    top, left = (int(value) for value in corners.min(axis=0))
    bottom, right = (int(value) for value in corners.max(axis=0) + n_px)
    return Box((top, left), (bottom - top, right - left))
