"""What objects say of each other where nobody knows the truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from tasks.catalogue.scoring.frc import FrcSummary, frc_summary
from tasks.compare.alignment.gauge import fit_gauge, remove_gauge
from tasks.compare.alignment.region import Region
from tasks.compare.reference_object import differences
from tasks.compare.score.thresholds import THRESHOLDS, crossing_per_px
from tasks.core import Complex

SAME_PATTERNS = (
    "Objects of the same patterns share their noise: their correlation tells how far programs "
    "agree, not how fine they see. Only of two independent halves of the data is a crossing a "
    "resolution."
)


@dataclass(frozen=True)
class PairAgreement:
    """How far the second of two objects is from the first, in the gauge of the first."""

    names: tuple[str, str]
    relative_complex: float
    amplitude: float
    phase_rad: float
    frc: FrcSummary

    def record(self, pixel_m: float | None) -> dict[str, Any]:
        """Return it as JSON, with every crossing in half periods [px] and [nm]."""
        crossings = {}
        for name, (curve_of, meaning) in THRESHOLDS.items():
            curve = self.frc.curve
            at = None if curve is None else crossing_per_px(curve, curve_of(curve.n_values))
            half_period = None if not at else 0.5 / at
            crossings[name] = {
                "crossing_per_px": at,
                "half_period_px": half_period,
                "half_period_nm": half_period * pixel_m * 1e9 if half_period and pixel_m else None,
                "for": meaning,
            }
        return {
            "complex_nrmse": self.relative_complex,
            "amplitude_difference": self.amplitude,
            "phase_difference_rad": self.phase_rad,
            "frc_area": self.frc.area,
            "frc_undefined": None if self.frc.curve is not None else self.frc.reason,
            "frc_crossings": crossings,
        }


def agreements(
    images: Mapping[str, Complex],
    region: Region,
    rectangle: tuple[slice, slice],
    max_shift_px: float,
) -> list[PairAgreement]:
    """Return the agreement of every two of some images (H, W) in the box of a region."""
    found = []
    for one, other in combinations(images, 2):
        base, image = images[one], images[other]
        known = np.where(np.isfinite(base), base, 0)
        gauge = fit_gauge(image, known, region.weights, max_shift_px=max_shift_px)
        moved = remove_gauge(image, gauge, region.lit & np.isfinite(image))
        relative, amplitude, phase = differences(moved, base, region.mask)
        inside = region.mask[rectangle]
        frc = frc_summary(moved[rectangle], base[rectangle], inside)
        found.append(PairAgreement((one, other), relative, amplitude, phase, frc))
    return found
