"""Which pixels are scored, without a scan: those that all objects share, less a margin."""

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import distance_transform_edt

from tasks.compare.alignment.region import Region
from tasks.compare.placement.fitting import known_pixels
from tasks.core.files.object_file import ObjectWindow
from tasks.core.geometry.patches import Window

SMALLEST_PX = 32


def shared_region(
    base: ObjectWindow, windows: Mapping[str, ObjectWindow], margin_px: float
) -> Region:
    """Return the pixels that a base and all objects hold, further than a margin from all others.

    Raises:
        ValueError: If less than 32 px a side are left.
    """
    corners = [base.origin_px, *(one.origin_px for one in windows.values())]
    ends = [np.add(one.origin_px, one.object_.shape) for one in (base, *windows.values())]
    top, left = (int(n) for n in np.max(corners, axis=0))
    height, width = (int(n) for n in np.min(ends, axis=0) - (top, left))
    margin = 2 * int(np.ceil(margin_px))
    if min(height, width) < SMALLEST_PX + margin:
        places = "; ".join(
            f"{name} {one.object_.shape[0]} x {one.object_.shape[1]} px from {one.origin_px}"
            for name, one in windows.items()
        )
        raise ValueError(
            f"The objects share {max(height, 0)} x {max(width, 0)} px, at least "
            f"{SMALLEST_PX + margin} px a side are needed: the one that the others are held "
            f"against has {base.object_.shape[0]} x {base.object_.shape[1]} px from "
            f"{base.origin_px}; {places}. Take objects of one scan, or look for their places with "
            f"--placement search."
        )
    box = Window((top, left), (height, width))
    lit = np.isfinite(base.cut(box))
    for one in windows.values():
        lit &= known_pixels(one.cut(box))
    mask = distance_transform_edt(np.pad(lit, 1))[1:-1, 1:-1] > margin_px
    if not mask.any():
        raise ValueError(
            f"No pixel is further than {margin_px:g} px from what an object does not hold. Lower "
            f"--erosion-px."
        )
    return Region(box, lit.astype(np.float64), lit, mask)
