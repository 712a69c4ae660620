"""What the counts of a scan are like as a whole, and whether a network can learn from them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.core.files.scan_record import ScanHeader
from tasks.core.geometry.overlap import measure_overlap
from tasks.core.physics.probe import energy_diameter_px
from tasks.networks.exposures import Exposures

CHUNK = 256
LARGEST_EMPTY_SHARE = 0.5
LARGEST_SATURATED_SHARE = 0.01


@dataclass(frozen=True)
class ScanStatistics:
    """Measured mean photons of a pattern, and the number of patterns without a photon."""

    photons_per_pattern: float
    n_empty: int

    @classmethod
    def of(cls, exposures: Exposures) -> "ScanStatistics":
        """Read all patterns once, some at a time.

        ValueError if the patterns are not as large as the probe.
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


def check_scan_quality(
    exposures: Exposures, statistics: ScanStatistics, header: ScanHeader
) -> dict[str, Any]:
    """Refuse a scan from which nothing can be learned, and say what is wrong with another.

    Returns:
        Empty patterns, saturated share (none where it is not known) and linear overlap.

    Raises:
        ValueError: If neighbours do not overlap, more than half of the patterns are empty, or
            more than 1 % of the pixels are saturated.
    """
    if statistics.n_empty > LARGEST_EMPTY_SHARE * len(exposures):
        raise ValueError(
            f"{statistics.n_empty} of {len(exposures)} patterns hold no photon; a network learns "
            f"from a scan of which at most {LARGEST_EMPTY_SHARE:.0%} are empty. Check shutter and "
            f"trigger, or leave the empty exposures out of the view."
        )
    return {
        "n_empty_patterns": statistics.n_empty,
        "saturated_fraction": _checked_saturation(header),
        "overlap_ratio": _checked_overlap(exposures),
    }


def _checked_overlap(exposures: Exposures) -> float:
    diameter_px = energy_diameter_px(exposures.probe_modes)
    overlap = measure_overlap(exposures.positions_px, diameter_px)
    if overlap.overlap_ratio <= 0:
        raise ValueError(
            f"Neighbouring exposures do not overlap: the measured linear overlap is "
            f"{overlap.overlap_ratio:.2f} (step {overlap.step_px:.1f} px, probe diameter "
            f"{diameter_px:.1f} px), expected more than 0. Without overlap the phase cannot be "
            f"retrieved: scan with a smaller step, or choose a denser view."
        )
    return overlap.overlap_ratio


def _checked_saturation(header: ScanHeader) -> float | None:
    """Return the share of saturated pixels; one pixel in a hundred is a whole direct beam."""
    dose = header.provenance.get("dose")
    share = dose.get("saturated_fraction") if isinstance(dose, dict) else None
    if share is None:
        return None
    if share > LARGEST_SATURATED_SHARE:
        raise ValueError(
            f"{share:.2%} of the pixels are saturated, expected at most "
            f"{LARGEST_SATURATED_SHARE:.0%}: their counts are too low, and they are the brightest. "
            f"Measure with less exposure time or an attenuator, or mark those pixels as bad in the "
            f"detector's mask."
        )
    return float(share)
