"""How a measured scan is cut, and whether thinning leaves a view, known before anything runs."""

from typing import NamedTuple

import numpy as np

from tasks.core import Complex128, Real
from tasks.core.geometry.region_cut import RegionParams, Regions, cut_in_regions
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


class ForeseenCut(NamedTuple):
    """Positions (J, 2) [px] and probe (M, N, N) of a scan, as far as known, and its regions."""

    positions_px: Real
    probe: Complex128
    regions: Regions


def foreseen_cut(scan: ResolvedScan, params: IngestParams, regions: RegionParams) -> ForeseenCut:
    """Return how a scan will be cut; ValueError if it cannot be, before its reference is computed.

    Exposures without light are not known yet, and an estimated probe is that of some patterns: a
    scan that cannot be cut for these alone passes here.
    """
    crop = crop_scan(scan, params).crop
    used = ~np.isin(scan.numbers, params.positions.leave_out)
    positions_px = scan.positions_px(crop.n_px, crop.binning)[used]
    probe = foreseen_probe(scan, params)
    return ForeseenCut(positions_px, probe, cut_in_regions(positions_px, probe, regions))


def refuse_no_view(cut: ForeseenCut, view: View) -> None:
    """Refuse (ValueError) to thin a scan where a region, or the whole scan, has no view then."""
    indices = cut.regions.indices.items()
    parts = {f"the {split.value} region": cut.positions_px[at] for split, at in indices}
    diameter_px = energy_diameter_px(cut.probe)
    for name, placed in (parts | {f"the {WHOLE} scan": cut.positions_px}).items():
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
