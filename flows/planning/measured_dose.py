"""Files and dose of a measured scan, known before anything runs: the dose names folders."""

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.archive import read_named_array
from tasks.ingest.params import IngestParams
from tasks.ingest.preparation.cropping import crop_scan
from tasks.ingest.preparation.photon_scale import photon_quantum
from tasks.ingest.resolved_scan import open_scan

SAMPLED_PATTERNS = 64
DIGITS = 3


def check_files(params: IngestParams) -> None:
    """Refuse (ValueError) a scan, its mask, dark frames or probe that cannot be read."""
    open_scan(params.file, params)
    beside = {"mask": params.mask, "dark": params.patterns.dark, "probe": params.probe}
    for name, named in beside.items():
        if named.file is not None:
            read_named_array(named.file, named.dataset, name)


def photons_per_pattern(params: IngestParams) -> float:
    """Return the mean counts of a pattern, from patterns spread over the scan, to three digits.

    It is nominal: the stages measure the mean of all patterns, faults masked, and record it.
    Three digits name a folder, and do not change with a masked pixel more or less.

    Raises:
        ValueError: If it cannot be read as a scan, or holds no photon.
    """
    if params.patterns.photons_per_pattern is not None:
        return rounded(params.patterns.photons_per_pattern)
    scan = open_scan(params.file, params)
    cropped = crop_scan(scan, params)
    spread = np.linspace(0, len(scan) - 1, min(SAMPLED_PATTERNS, len(scan)))
    values = cropped.some(np.unique(spread.round().astype(np.intp)))
    if scan.good is not None:
        values = values[:, cropped.mask(scan.good)]
    values = np.nan_to_num(values, posinf=0.0, neginf=0.0).clip(min=0).reshape(len(values), -1)
    return rounded(float(values.sum(axis=1).mean()) * _photons_per_unit(params, values))


def _photons_per_unit(params: IngestParams, values: NDArray[np.float64]) -> float:
    """Return the scale: as asked for, or from the quantum that all values are multiples of."""
    if params.patterns.photons_per_unit is not None:
        return params.patterns.photons_per_unit
    if np.array_equal(values, np.rint(values)):
        return 1.0
    quantum = photon_quantum(np.unique(values[values > 0]))
    return 1.0 if quantum is None else 1.0 / quantum


def rounded(photons: float) -> float:
    """Return a dose to three digits; ValueError if there is no photon."""
    if not photons > 0:
        raise ValueError(
            f"The mean pattern of the scan holds {photons:g} photons, expected more than 0. Check "
            f"shutter, background and the unit of the patterns."
        )
    return float(f"{photons:.{DIGITS - 1}e}")
