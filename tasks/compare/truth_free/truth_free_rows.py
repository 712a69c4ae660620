"""Rows of the table that need no truth: what two halves of a scan predict of each other and share.

Each half of the exposures makes a reconstruction of its own. Noise differs between the halves and
lowers their correlation; an error that both make, as a network's habit, does not, but it
shows in the patterns that neither half was made from.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tasks.catalogue.scoring.frc import FrcCurve, frc_curve, half_crossing_per_px
from tasks.catalogue.scoring.frc_summary import ring_scores, size_reason
from tasks.compare.alignment.gauge import Gauge, fit_gauge, nearest_trusted, remove_gauge
from tasks.compare.alignment.region import Region, scored_region
from tasks.compare.params import ComparisonParams
from tasks.compare.truth_free.held_out import held_out_misfit, known_exposures
from tasks.core.files.metrics_table import MetricRow
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_file import ScanHeader, ScanReader
from tasks.core.geometry.overlap import measure_overlap
from tasks.core.geometry.patches import extract_patches
from tasks.core.physics.probe import energy_diameter_px, probe_intensity

Complex = NDArray[np.complexfloating]

DEVIANCE, R_FACTOR = "heldout_deviance_per_px", "heldout_r_factor"
CROSSING, AREA = "halves_frc_half_crossing_per_px", "halves_frc_area"
SEVENTH_CROSSING = "halves_frc_seventh_crossing_per_px"
HALVES_METRICS = (DEVIANCE, R_FACTOR, CROSSING, AREA, SEVENTH_CROSSING)
# Of halves; there the image of all patterns correlates by one half with a noise-free one.
SEVENTH = 1 / 7


@dataclass(frozen=True)
class Half:
    """One half of the exposures, and what a model made of it.

    Attributes:
        scan: The exposures of the half.
        window: The object that was reconstructed from them.
    """

    scan: ScanReader
    window: ObjectWindow


@dataclass(frozen=True)
class TruthFreeRows:
    """The rows of a model.

    Attributes:
        rows: One for each of `HALVES_METRICS`, in that order.
        reasons: Why a value is None, by metric.
        n_patterns: Held-out patterns that were predicted, of both halves together.
    """

    rows: list[MetricRow]
    reasons: dict[str, str]
    n_patterns: int


def truth_free_rows(
    model: str,
    odd: Half,
    even: Half,
    params: ComparisonParams,
    *,
    max_patterns: int | None = None,
) -> TruthFreeRows:
    """Return what two halves say of a model.

    Held-out patterns are those of the other half: the means of odd against even and even against
    odd. The correlation is that of one half with the other, after the gauge.

    Args:
        model: Name of the model.
        odd: One half.
        even: The other.
        params: How the lit region is found, and the longest shift between the halves.
        max_patterns: Most patterns to predict of either half; all if None.

    Returns:
        Rows, with None and a reason where a half does not overlap, or its region is too small.

    Raises:
        ValueError: If a reconstruction is not finite or zero, or a scan has no photons.
    """
    reason = overlap_reason(odd.scan.header, even.scan.header)
    if reason:
        return _rows(model, {}, dict.fromkeys(HALVES_METRICS, reason), 0)
    region = common_region(odd.scan.header, even.scan.header, params)
    values, reasons, n_patterns = _held_out(
        odd, even, region, params.held_out_light_fraction, max_patterns
    )
    found, missing = _correlation(odd.window, even.window, region, params.max_shift_px)
    return _rows(model, values | found, reasons | missing, n_patterns)


def overlap_reason(*halves: ScanHeader) -> str | None:
    """Return why halves are no use: the smallest overlap is not positive; None if it is."""
    overlap = min(
        measure_overlap(half.positions_px, energy_diameter_px(half.probe)).overlap_ratio
        for half in halves
    )
    if overlap > 0:
        return None
    return (
        f"the halves do not overlap (overlap_ratio {overlap:.3f}), so neither determines the object"
    )


def common_region(odd: ScanHeader, even: ScanHeader, params: ComparisonParams) -> Region:
    """Return what both halves light well enough, in the box of the odd half.

    Args:
        odd: Header of one half.
        even: Header of the other.
        params: Threshold and margin of the region.

    Returns:
        Region whose illumination is that of the half that lights a pixel less [photons / px].

    Raises:
        ValueError: If a half lights no pixel well enough.
    """
    one, other = (
        scored_region(half, params.coverage_fraction, params.erosion_px) for half in (odd, even)
    )

    def moved(values: NDArray[np.generic]) -> NDArray[np.float64]:
        window = ObjectWindow(values.astype(np.complex128), other.box.corner_px)
        return np.nan_to_num(window.cut(one.box.corner_px, one.box.shape).real)

    return replace(
        one,
        illumination=np.minimum(one.illumination, moved(other.illumination)),
        lit=one.lit & (moved(other.lit) > 0),
        mask=one.mask & (moved(other.mask) > 0),
    )


def between_halves(
    odd: ObjectWindow, even: ObjectWindow, region: Region, *, max_shift_px: float = 2.0
) -> FrcCurve:
    """Return the ring correlation of two halves, the even one in the gauge of the odd one.

    Args:
        odd: Reconstruction from one half.
        even: Reconstruction from the other, in the same frame.
        region: What both halves light; see `common_region`.
        max_shift_px: Longest shift that may be removed [px].

    Returns:
        The curve; `ssnr_of_halves` turns it into that of their mean.

    Raises:
        ValueError: If the halves have no pixel in common, or as `fit_gauge` and `frc_curve`.
    """
    return frc_curve(*_aligned(odd, even, region, max_shift_px))


def _aligned(
    odd: ObjectWindow, even: ObjectWindow, region: Region, max_shift_px: float
) -> tuple[Complex, Complex, NDArray[np.bool_]]:
    """Return both halves in the gauge of the odd one, and the pixels to use."""
    mask = _shared(odd, even, region)
    if not mask.any():
        raise ValueError(
            "The halves have no lit pixel in common. Reconstruct both in the frame of the scan."
        )
    parts = [half.cut(region.box.corner_px, region.box.shape) for half in (odd, even)]
    trusted = region.lit & np.isfinite(parts[0]) & np.isfinite(parts[1])
    # What is not trusted is replaced by what lies next to it, so that no edge is aligned.
    reference = remove_gauge(parts[0], Gauge(), trusted)
    weights = np.where(mask, region.illumination, 0.0)
    gauge = fit_gauge(parts[1], reference, weights, max_shift_px=max_shift_px)
    return remove_gauge(parts[1], gauge, trusted), reference, mask


def _shared(odd: ObjectWindow, even: ObjectWindow, region: Region) -> NDArray[np.bool_]:
    """Return the scored pixels that both reconstructions know, shape of the region's box."""
    parts = [half.cut(region.box.corner_px, region.box.shape) for half in (odd, even)]
    return np.asarray(region.mask & np.isfinite(parts[0]) & np.isfinite(parts[1]))


def _held_out(
    odd: Half, even: Half, region: Region, light_fraction: float, max_patterns: int | None
) -> tuple[dict[str, float | None], dict[str, str], int]:
    """Return the misfits of both halves to each other's patterns, reasons, and their number."""
    misfits = []
    for half, other in ((odd, even), (even, odd)):
        window, chosen = _to_predict(half.window, other.scan.header, region, light_fraction)
        if not len(chosen):
            least = "wholly" if light_fraction >= 1 else f"with {light_fraction:.0%} of its light"
            reason = (
                f"no held-out patch of {other.scan.header.n_px} px lies {least} in what the "
                f"halves light"
            )
            return {}, {DEVIANCE: reason, R_FACTOR: reason}, 0
        misfit = held_out_misfit(other.scan, window, chosen=chosen, max_patterns=max_patterns)
        misfits.append(misfit)
    values = {
        DEVIANCE: float(np.mean([misfit.deviance_per_px for misfit in misfits])),
        R_FACTOR: float(np.mean([misfit.r_factor for misfit in misfits])),
    }
    return dict(values), {}, sum(misfit.n_patterns for misfit in misfits)


def _to_predict(
    window: ObjectWindow, header: ScanHeader, region: Region, light_fraction: float
) -> tuple[ObjectWindow, NDArray[np.intp]]:
    """Return an object and the exposures that it can predict.

    A patch may be much larger than the probe, and its dark rim outside of all that is lit. Where
    not the whole patch is asked for, what is not known is taken as the nearest pixel that is.
    """
    part = _lit_part(window, region)
    if light_fraction >= 1:
        return part, known_exposures(header, part)
    known = np.isfinite(part.object_)
    if not known.any():
        return part, np.empty(0, dtype=np.intp)
    filled = ObjectWindow(part.object_[nearest_trusted(known)], part.origin_px)
    inside = known_exposures(header, filled)
    shares = _light_inside(known, header, inside, part.origin_px)
    return filled, inside[shares >= light_fraction]


def _light_inside(
    known: NDArray[np.bool_],
    header: ScanHeader,
    exposures: NDArray[np.intp],
    origin_px: tuple[int, int],
) -> NDArray[np.float64]:
    """Return the share of the probe's light that falls on known pixels, shape (exposures,)."""
    light = probe_intensity(header.probe_modes)
    positions = header.positions_px[exposures] - np.asarray(origin_px)
    patches = extract_patches(known, positions, header.n_px)
    return np.asarray(np.sum(patches * light, axis=(1, 2)) / light.sum())


def _lit_part(window: ObjectWindow, region: Region) -> ObjectWindow:
    """Return an object in the box of the region, not finite where a half has no light."""
    part = window.cut(region.box.corner_px, region.box.shape)
    return ObjectWindow(np.where(region.lit, part, np.nan), region.box.corner_px)


def _correlation(
    odd: ObjectWindow, even: ObjectWindow, region: Region, max_shift_px: float
) -> tuple[dict[str, float | None], dict[str, str]]:
    """Return crossing and area of the halves' correlation, and reasons for what has none."""
    small = size_reason(_shared(odd, even, region))
    if small:
        return {}, dict.fromkeys((CROSSING, AREA, SEVENTH_CROSSING), small)
    rings = ring_scores(*_aligned(odd, even, region, max_shift_px))
    values, reasons = rings.named(CROSSING, AREA)
    seventh = None if rings.curve is None else half_crossing_per_px(rings.curve, SEVENTH)
    if seventh is None:
        reasons[SEVENTH_CROSSING] = rings.area_reason or "not crossed: above 1 / 7 up to Nyquist"
    return values | {SEVENTH_CROSSING: seventh}, reasons


def _rows(
    model: str, values: dict[str, float | None], reasons: dict[str, str], n_patterns: int
) -> TruthFreeRows:
    """Return the rows in their order."""
    rows = [MetricRow(model, metric, value=values.get(metric)) for metric in HALVES_METRICS]
    return TruthFreeRows(rows, reasons, n_patterns)
