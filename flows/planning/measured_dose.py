"""Files and dose of a measured scan, known before anything runs: the dose names folders."""

import numpy as np

from tasks.core.files.archive import read_named_array
from tasks.core.geometry.region_cut import RegionParams, cut_in_regions
from tasks.ingest.params import IngestParams
from tasks.ingest.preparation import foreseen_probe, nominal_photons
from tasks.ingest.preparation.cropping import crop_scan
from tasks.ingest.resolved_scan import ResolvedScan

DIGITS = 3


def check_files_beside(params: IngestParams) -> None:
    """Refuse (ValueError) a mask, dark frames or a probe that cannot be read."""
    beside = {"mask": params.mask, "dark": params.patterns.dark, "probe": params.probe}
    for name, named in beside.items():
        if named.file is not None:
            read_named_array(named.file, named.dataset, name)


def refuse_uncut(scan: ResolvedScan, params: IngestParams, regions: RegionParams) -> None:
    """Refuse (ValueError) a scan that cannot be cut in two, before its reference is computed.

    Exposures without light are not known yet, and an estimated probe is that of some patterns: a
    scan that cannot be cut for these alone passes here.
    """
    crop = crop_scan(scan, params).crop
    used = ~np.isin(scan.numbers, params.positions.leave_out)
    positions_px = scan.positions_px(crop.n_px, crop.binning)[used]
    cut_in_regions(positions_px, foreseen_probe(scan, params), regions)


def photons_per_pattern(scan: ResolvedScan, params: IngestParams) -> float:
    """Return the mean counts of a pattern, from patterns spread over the scan, to three digits.

    It is nominal: the stages measure the mean of all patterns, and record it. Both leave out what
    is no light: gaps, faults, dark, and patterns without light. Three digits name a folder, and do
    not change with a masked pixel more or less.

    Raises:
        ValueError: If its values are no counts, or it holds no photon.
    """
    return rounded(nominal_photons(scan, params))


def rounded(photons: float) -> float:
    """Return a dose to three digits; ValueError if there is no photon."""
    if not photons > 0:
        raise ValueError(
            f"The mean pattern of the scan holds {photons:g} photons, expected more than 0. Check "
            f"shutter, background and the unit of the patterns."
        )
    return float(f"{photons:.{DIGITS - 1}e}")
