"""Files and dose of a measured scan, known before anything runs: the dose names folders."""

from tasks.core.files.archive import read_named_array
from tasks.ingest.params import IngestParams
from tasks.ingest.preparation import nominal_photons
from tasks.ingest.resolved_scan import ResolvedScan

DIGITS = 3


def check_files_beside(params: IngestParams) -> None:
    """Refuse (ValueError) a mask, dark frames or a probe that cannot be read."""
    beside = {"mask": params.mask, "dark": params.patterns.dark, "probe": params.probe}
    for name, named in beside.items():
        if named.file is not None:
            read_named_array(named.file, named.dataset, name)


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
