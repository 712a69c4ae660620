"""The dose of a measured scan, known before anything runs: it names the folders of the study."""

import numpy as np

from tasks.core.scan_reader import ScanReader
from tasks.ingest.params import IngestParams

SAMPLED_PATTERNS = 64
DIGITS = 3


def photons_per_pattern(params: IngestParams) -> float:
    """Return the mean counts of a pattern, from patterns spread over the scan, to three digits.

    The exact mean over all patterns is recorded by the stages; three digits name a folder, and do
    not change with a masked pixel more or less.

    Args:
        params: The scan and what its file does not say.

    Raises:
        ValueError: If it cannot be read as a scan, or holds no photon.
    """
    reader = ScanReader(params.file, cache_bytes=0)
    chosen = np.unique(np.linspace(0, len(reader) - 1, SAMPLED_PATTERNS).round().astype(np.intp))
    good = reader.header.good_pixels
    mean = float(reader.read(chosen)[:, good].sum(dtype=np.float64)) / len(chosen)
    return rounded(mean)


def rounded(photons: float) -> float:
    """Return a dose to three digits.

    Raises:
        ValueError: If there is no photon.
    """
    if not photons > 0:
        raise ValueError(
            f"The mean pattern of the scan holds {photons:g} photons, expected more than 0. Check "
            f"shutter, background and the unit of the patterns."
        )
    return float(f"{photons:.{DIGITS - 1}e}")
