"""Which scan would do, where the test region of one is too small for MS-SSIM."""

from collections.abc import Sequence

import numpy as np

from tasks.core.files.metrics_table import MS_SSIM_MIN_PX
from tasks.core.study.seeds import Split

UM_PER_M = 1e6


def scan_for_ms_ssim(
    sides_px: Sequence[int],
    extent_px: Sequence[float],
    axis: int,
    step_px: float,
    pixel_m: float | None = None,
) -> str | None:
    """Return in words which scan would do for MS-SSIM; None where the sides are large enough.

    Args:
        sides_px: Sides (y, x) of the rectangle that is scored of the test region.
        extent_px: What all positions of the scan span along y and x.
        axis: Along which it is cut: both regions grow by what the test region lacks.
        step_px: Side of the square that one position has for itself.
        pixel_m: Side of an object pixel; None where the file gives no geometry.
    """
    lacking = [max(0, MS_SSIM_MIN_PX - side) for side in sides_px]
    if not any(lacking):
        return None
    lacking[axis] *= len(Split)
    wanted = [extent + more for extent, more in zip(extent_px, lacking, strict=True)]
    n_y, n_x = (int(np.ceil(side / step_px)) + 1 for side in wanted)
    in_um = ""
    if pixel_m is not None:
        y_um, x_um = (side * pixel_m * UM_PER_M for side in wanted)
        in_um = f", {y_um:.3g} x {x_um:.3g} um"
    return (
        f"MS-SSIM needs {MS_SSIM_MIN_PX} px a side, and {sides_px[0]} x {sides_px[1]} px of the "
        f"test region are scored. A scan like this one, its positions spanning about "
        f"{wanted[0]:.0f} x {wanted[1]:.0f} px (y, x{in_um}), would do: about {n_y} x {n_x} "
        f"positions at this step of {step_px:.3g} px"
    )
