"""The region that is scored: one mask and one rectangle for every arm."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tasks.compare.alignment.gauge import Nearest, nearest_trusted
from tasks.core import Mask, StrictModel
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_record import ScanHeader
from tasks.core.geometry.patches import Window, illumination_map, lit_pixels, scan_box
from tasks.core.geometry.scored_pixels import COVERAGE_FRACTION, EROSION_PX, eroded


class ComparisonParams(StrictModel):
    """What is scored, and what the alignment may remove; the same for every arm."""

    coverage_fraction: float = Field(
        COVERAGE_FRACTION,
        gt=0,
        lt=1,
        description="Least illumination of a scored pixel over the scan's 95th percentile",
    )
    erosion_px: float = Field(
        EROSION_PX, ge=0, le=64, description="Margin between scored and unlit pixels [px]"
    )
    max_shift_px: float = Field(
        2.0, ge=0, le=8, description="Largest shift that the gauge may remove [px]"
    )
    held_out_light_fraction: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Least share of a held-out pattern's light that must fall where the object is "
        "known; 1 asks for the whole patch, dark rim and all",
    )
    min_window_coverage: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Least share of the region that a reconstruction must hold to be compared; "
        "under 0.95 it is flagged",
    )
    arms: tuple[str, ...] | None = Field(
        None,
        description="Arms that there should be; none: those of the headline",
        exclude_if=lambda arms: arms is None,
    )


@dataclass(frozen=True)
class Region:
    """What is scored, inside a box.

    Attributes:
        box: Part of the object's frame that the arrays cover.
        illumination: Probe intensity summed over the scan [photons / px], shape (H, W).
        lit: Pixels with enough light to be reconstructed, shape (H, W).
        mask: Scored pixels: lit, away from unlit ones, in every arm's window; shape (H, W).
    """

    box: Window
    illumination: NDArray[np.floating]
    lit: Mask
    mask: Mask

    @property
    def sha256(self) -> str:
        """Fingerprint of the scored pixels and of where they lie in the object."""
        place = f"{self.box.corner_px} {self.box.shape}".encode()
        return hashlib.sha256(place + np.packbits(self.mask).tobytes()).hexdigest()

    @cached_property
    def nearest_lit(self) -> Nearest:
        """Row and column of the lit pixel that is nearest to every pixel of the box."""
        return nearest_trusted(self.lit)

    @property
    def weights(self) -> NDArray[np.floating]:
        """Illumination of the scored pixels, zero elsewhere: how well each pixel is known."""
        return np.where(self.mask, self.illumination, 0.0)


def scored_region(scan: ScanHeader, coverage_fraction: float, erosion_px: float) -> Region:
    """Find the pixels that the scan lights well enough to be scored.

    The threshold, a fraction, is relative to the 95th percentile over the pixels that any patch
    touches, so it does not depend on how large the object is. Every scored pixel is further than
    the erosion from any pixel below the threshold.

    Raises:
        ValueError: If no pixel is left.
    """
    box = scan_box(scan.positions_px, scan.n_px)
    illumination = illumination_map(scan.probe, scan.positions_px - box.corner_px, box.shape)
    lit = lit_pixels(illumination, coverage_fraction)
    mask = eroded(lit, erosion_px)
    if not mask.any():
        raise ValueError(
            f"No pixel is lit above {coverage_fraction:.3g} of the brightest ones and further "
            f"than {erosion_px:g} px from darker ones. Scan more positions or lower erosion_px."
        )
    return Region(box, illumination, lit, mask)


def inside_every_window(
    region: Region,
    windows: Mapping[str, ObjectWindow],
    file_names: Mapping[str, str],
    least: float,
) -> tuple[Region, dict[str, float]]:
    """Leave out of the region what an arm's window does not hold; the same for every arm.

    Returns:
        The region, and the share of it that each window held; raises ValueError if one holds less
        than the least share, or all share no pixel.
    """
    mask, coverage = region.mask, {}
    for arm, window in windows.items():
        inside = ObjectWindow(np.ones(window.object_.shape, dtype=complex), window.origin_px)
        held = np.isfinite(inside.cut(region.box))
        coverage[arm] = float(np.mean(held[region.mask]))
        if coverage[arm] < least:
            height, width = window.object_.shape
            raise ValueError(
                f"{arm} ({file_names[arm]}) covers {coverage[arm]:.1%} of the region, at "
                f"least {least:.0%} is needed: its window of {height} x {width} px begins at "
                f"{window.origin_px}, the scan's patches at {region.box.corner_px}. Reconstruct "
                f"every exposure of the view, in the frame of the object."
            )
        mask = mask & held
    if not mask.any():
        shares = ", ".join(f"{arm} {share:.1%}" for arm, share in coverage.items())
        raise ValueError(
            f"No pixel of the region lies in the windows of all reconstructions ({shares}). "
            f"Reconstruct the same exposures with every arm, or compare them apart."
        )
    return replace(region, mask=mask), coverage
