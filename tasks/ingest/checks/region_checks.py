"""Whether a run can cut a scan in two, and whether the test region is large enough for MS-SSIM."""

from collections.abc import Iterator

import numpy as np

from tasks.core.geometry.needed_scan import scan_for_ms_ssim
from tasks.core.geometry.overlap import MeasuredOverlap
from tasks.core.geometry.region_cut import (
    RegionParams,
    cut_in_regions,
    guard_px,
    guard_that_fits,
)
from tasks.core.geometry.scored_pixels import expected_sides_px
from tasks.core.physics.probe import probe_intensity
from tasks.core.study.seeds import Split
from tasks.ingest.checks import Finding, info, warning
from tasks.ingest.checks.scan_checks import in_place
from tasks.ingest.preparation import PreparedScan

# Shares of the light that a smaller guard band still keeps apart, where the usual one is too wide.
LESS_LIGHT = (0.95, 0.9, 0.8)


def check_regions(
    prepared: PreparedScan, overlap: MeasuredOverlap | None = None
) -> Iterator[Finding]:
    """Look whether a run can cut the scan in a training and a test region, as it does by itself.

    Of one that can be cut it is told where the test region is too small for MS-SSIM.
    """
    positions, modes = in_place(prepared), prepared.guess.modes
    try:
        regions = cut_in_regions(positions, modes, RegionParams())
    except ValueError as reason:
        text = str(reason).split(" Lower --")[0]
        yield warning("regions", f"A run cannot cut the scan in two. {text}", _cure(prepared))
        return
    chosen = regions.indices[Split.TEST]
    sides = expected_sides_px(positions[chosen], probe_intensity(modes))
    if overlap is None:
        return
    header = prepared.header
    known = prepared.scan.geometry is not None
    pixel_m = header.geometry.object_pixel_m(header.n_px) if known else None
    needed = scan_for_ms_ssim(sides, regions.extent_px, regions.axis, overlap.step_px, pixel_m)
    if needed is not None:
        yield info("regions", f"A run will have no MS-SSIM. {needed}.")


def _cure(prepared: PreparedScan) -> str:
    """Return the widest guard band that lets a scan be cut, if one does, as a cure."""
    positions, modes = in_place(prepared), prepared.guess.modes
    widths = {
        share: float(np.ceil(max(guard_px(modes, axis, share) for axis in range(2))))
        for share in LESS_LIGHT
    }
    guard = guard_that_fits(positions, modes, list(widths.values()))
    if guard is None:
        return "The scan is too small for it: scan a larger area."
    share = next(share for share, width in widths.items() if width == guard)
    return (
        f"Give the run --measured.regions.guard-px {guard:g} (it keeps {share:.0%} of the light "
        f"apart), or scan a larger area."
    )
