"""What the counts of a scan are like as a whole, found in one pass over its patterns."""

from dataclasses import dataclass

import numpy as np

from tasks.networks.exposures import Exposures

CHUNK = 256


@dataclass(frozen=True)
class Survey:
    """Sums over all patterns of a scan.

    Attributes:
        photons_per_pattern: Measured mean photons of a pattern.
        n_empty: Patterns without a photon.
    """

    photons_per_pattern: float
    n_empty: int

    @classmethod
    def of(cls, exposures: Exposures) -> "Survey":
        """Read all patterns once, some at a time.

        Raises:
            ValueError: If the patterns are not as large as the probe.
        """
        expected = (exposures.n_px, exposures.n_px)
        photons = n_empty = 0
        for part in exposures.chunks(CHUNK):
            counts = exposures.read(part)
            if counts.shape[1:] != expected:
                raise ValueError(
                    f"Expected patterns of {expected[0]} x {expected[1]} px, as large as the "
                    f"probe, got {counts.shape[1]} x {counts.shape[2]} px. Crop or bin the "
                    f"patterns to the probe's pixels."
                )
            totals = counts.sum(axis=(1, 2), dtype=np.int64)
            photons += int(totals.sum())
            n_empty += int(np.count_nonzero(totals == 0))
        return cls(photons / max(1, len(exposures)), n_empty)
