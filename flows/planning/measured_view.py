"""Whether `--measured.thin` leaves a view of a measured scan, known before anything runs."""

import numpy as np

from tasks.core import Real
from tasks.core.geometry.region_cut import RegionParams, cut_in_regions
from tasks.core.physics.probe import energy_diameter_px
from tasks.ingest.params import IngestParams
from tasks.ingest.preparation import foreseen_probe
from tasks.ingest.preparation.cropping import crop_scan
from tasks.ingest.resolved_scan import ResolvedScan
from tasks.regions.stage import WHOLE
from tasks.views.exposures import exposures_of_view
from tasks.views.params import View, ViewParams

# The probe that a run refines is not known yet: a view that one of these leaves is not refused.
DIAMETER_FACTORS = (1.0, 0.9, 1.1, 0.8, 1.25)


def refuse_no_view(
    scan: ResolvedScan, params: IngestParams, regions: RegionParams, view: View
) -> None:
    """Refuse (ValueError) to thin a scan where a region, or the whole scan, is left without a view.

    The scan is one that can be cut, see `refuse_uncut`.
    """
    crop = crop_scan(scan, params).crop
    used = ~np.isin(scan.numbers, params.positions.leave_out)
    positions = scan.positions_px(crop.n_px, crop.binning)[used]
    probe = foreseen_probe(scan, params)
    cut = cut_in_regions(positions, probe, regions)
    parts = {f"the {split.value} region": positions[at] for split, at in cut.indices.items()}
    diameter_px = energy_diameter_px(probe)
    for name, placed in (parts | {f"the {WHOLE} scan": positions}).items():
        reasons = [_why_not(placed, view, factor * diameter_px) for factor in DIAMETER_FACTORS]
        if all(reasons):
            raise ValueError(
                f"--measured.thin leaves no {view.value} view of {name}, with a probe of about "
                f"{diameter_px:.3g} px: {reasons[0]} Leave out --measured.thin, which takes every "
                f"exposure, or choose another --view."
            )


def _why_not(positions_px: Real, view: View, diameter_px: float) -> str:
    """Return why a probe leaves no view; nothing where it leaves one."""
    params = ViewParams(view=view)
    try:
        indices, measured = exposures_of_view(params, positions_px, diameter_px)
    except ValueError as error:
        # Its last sentence is for those who simulate a scan.
        return str(error).split(" Scan ")[0]
    if len(indices) < params.group_size:
        return f"{len(indices)} exposures are left (overlap {measured.overlap_ratio:.3f})."
    return ""
