"""Groups of neighbouring patterns: what a network sees at one step."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tasks.core.geometry.overlap import measure_overlap


def neighbour_groups(positions_px: NDArray[np.floating], group_size: int) -> NDArray[np.intp]:
    """Return one compact group of neighbours for every position.

    Groups are squares, and one whose centre lies near the edge of the scan is moved inward, so
    that all groups need a canvas of about the same size.

    Args:
        positions_px: Positions (y, x) of the scan [px], shape (J, 2).
        group_size: Patterns in a group.

    Returns:
        Rising scan indices, shape (J, group_size).

    Raises:
        ValueError: If the scan has fewer patterns than a group.
    """
    if len(positions_px) < group_size:
        raise ValueError(
            f"A group needs {group_size} patterns, but the view has {len(positions_px)}. Lower "
            f"group_size to {len(positions_px)} or less, or scan more positions."
        )
    half = np.sqrt(group_size) / 2 * measure_overlap(positions_px, 1.0).step_px
    first, last = positions_px.min(axis=0), positions_px.max(axis=0)
    middle = (first + last) / 2
    centres = np.clip(
        positions_px, np.minimum(first + half, middle), np.maximum(last - half, middle)
    )
    _, groups = cKDTree(positions_px).query(centres, k=group_size, p=np.inf)
    return np.sort(groups, axis=1).astype(np.intp)
