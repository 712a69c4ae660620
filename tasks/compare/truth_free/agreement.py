"""What arms tell of a measured scan without a truth: how far they are apart, and how fine they see.

That two arms agree does not make both right: what they share, as the probe or a habit of the
solver that made the labels, they share in error too.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.catalogue.scoring.image_pair import complex_nrmse, wrapped_mae
from tasks.compare.alignment.gauge import fit_gauge, remove_gauge
from tasks.compare.truth_free.truth_free_rows import SEVENTH_CROSSING
from tasks.core.study.arms import Arm

if TYPE_CHECKING:
    from tasks.compare.evaluator import ModelResult
    from tasks.compare.output_files import Comparison

NM_PER_M = 1e9
CRITERION = (
    "Fourier ring correlation of two halves of the patterns falls below 1 / 7 (0.143; Rosenthal & "
    "Henderson, J. Mol. Biol. 333, 721 (2003)): there the image of all patterns would correlate by "
    "one half with a noise-free one"
)


def agreement(found: "Comparison", max_shift_px: float) -> dict[str, Any]:
    """Return the differences between every two arms, each pair in the gauge of its first.

    Args:
        found: The comparison.
        max_shift_px: Longest shift that may be removed [px].

    Returns:
        By `<one> and <other>`: relative complex difference, and mean difference of amplitude and
        phase [rad] over the scored pixels.
    """
    region = found.judge.region
    arms = [arm.value for arm in Arm if arm.value in found.results]
    pairs = {}
    for one, other in combinations(arms, 2):
        base = found.results[one].aligned
        image = found.results[other].aligned
        gauge = fit_gauge(image, base, region.weights, max_shift_px=max_shift_px)
        moved = remove_gauge(image, gauge, region.lit & np.isfinite(image))
        mask = region.mask
        pairs[f"{one} and {other}"] = {
            "relative_complex_difference": complex_nrmse(moved, base, mask),
            "amplitude_difference": float(np.mean(np.abs(np.abs(moved) - np.abs(base))[mask])),
            "phase_difference_rad": wrapped_mae(np.angle(moved), np.angle(base), mask),
        }
    return pairs


def resolutions(found: "Comparison") -> dict[str, Any]:
    """Return the resolution of every arm from its two halves, in nanometres where that is known."""
    header = found.scan.header
    geometry = header.geometry
    pixel_nm = NM_PER_M * geometry.object_pixel_m(header.n_px) if geometry.is_known else None
    by_model = {
        model: _resolution(result, pixel_nm)
        for model, result in found.reconstructions.items()
        if SEVENTH_CROSSING in result.scalars
    }
    return {"criterion": CRITERION, "object_pixel_nm": pixel_nm, "models": by_model}


def _resolution(result: "ModelResult", pixel_nm: float | None) -> Mapping[str, Any]:
    """Return half a period at the crossing [px] and [nm], or why there is none."""
    crossing = result.scalars[SEVENTH_CROSSING]
    if crossing is None or crossing <= 0:
        reason = result.reasons.get(SEVENTH_CROSSING, "not crossed")
        return {"half_period_px": None, "half_period_nm": None, "reason": reason}
    half_period = 0.5 / crossing
    return {
        "half_period_px": half_period,
        "half_period_nm": None if pixel_nm is None else half_period * pixel_nm,
        "reason": "the file gives no geometry" if pixel_nm is None else None,
    }
