"""What a reader needs beside the metrics: `comparison.json`.

Of a measured scan it tells how far the arms are apart, and how fine they see. That two arms agree
does not make both right: what they share, as the probe or a habit of the solver that made the
labels, they share in error too.
"""

from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from tasks.catalogue.headline import HEADLINE_ARMS
from tasks.catalogue.metric import AMPLITUDE, PHASE
from tasks.catalogue.metrics.truth_free import SEVENTH_CROSSING
from tasks.catalogue.quality_flags import flags_of, table_of
from tasks.catalogue.reconstruction import Role
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.compare.alignment.gauge import Gauge, fit_gauge, remove_gauge
from tasks.compare.alignment.region import ComparisonParams, Region
from tasks.compare.convergence import iterations_to_quality
from tasks.compare.evaluator import ModelResult
from tasks.compare.output_files import Comparison
from tasks.compare.reference_object import ReferenceObject, differences
from tasks.compare.truth_free.evidence import held_out_record, needed_scan

SCHEMA_VERSION = 1
NM_PER_M = 1e9
CRITERION = (
    "Fourier ring correlation of two halves of the patterns falls below 1 / 7 (0.143; Rosenthal & "
    "Henderson, J. Mol. Biol. 333, 721 (2003)): there the image of all patterns would correlate by "
    "one half with a noise-free one"
)


def comparison_record(params: ComparisonParams, found: Comparison) -> dict[str, Any]:
    """Return region, gauges, flags and reasons as JSON."""
    expected = params.arms or [arm.name for arm in HEADLINE_ARMS]
    reference, results, table = found.evaluator.reference, found.results, table_of(found.rows)
    record = {
        "schema_version": SCHEMA_VERSION,
        "models": list(results),
        "missing_arms": [name for name in expected if name not in results],
        "params": params.model_dump(mode="json"),
        "truth_checked": reference.is_checked,
        "measured_against": reference.name,
        "region": region_record(found.evaluator.region, reference),
        "data_range": {
            "amplitude": reference.parts[AMPLITUDE].data_range,
            "phase_rad": reference.parts[PHASE].data_range,
        },
        "gauge": {model: gauge_record(result.gauge) for model, result in results.items()},
        "flags": {model: flags_of(model, table) for model in found.reconstructions},
        "undefined": {model: result.reasons for model, result in results.items() if result.reasons},
    }
    held_out = {
        model: result.n_held_out_patterns
        for model, result in results.items()
        if result.n_held_out_patterns is not None
    }
    if held_out:
        record["n_held_out_patterns"] = held_out
    if found.placements:
        record["placements"] = found.placements
    if not reference.is_truth:
        record["agreement"] = _agreement(found, params.max_shift_px)
        record["resolution"] = _resolutions(found)
        if found.held_out_blocks:
            record["held_out"] = held_out_record(found.held_out_blocks)
        needed = needed_scan(found.scan.header, results, reference.rectangle)
        if needed is not None:
            record["needed_scan"] = needed
    if found.curves:
        record["iterations_to_quality"] = iterations_to_quality(found.curves)
    return record


def region_record(region: Region, reference: ReferenceObject) -> dict[str, Any]:
    """Return what was scored."""
    top, left = region.box.corner_px
    rows, columns = reference.rectangle
    return {
        "sha256": region.sha256,
        "n_scored_px": int(region.mask.sum()),
        "scored_fraction": float(region.mask.mean()),
        "box_corner_px": [top, left],
        "box_shape_px": list(region.box.shape),
        "rectangle_corner_px": [top + rows.start, left + columns.start],
        "rectangle_shape_px": [rows.stop - rows.start, columns.stop - columns.start],
    }


def gauge_record(gauge: Gauge) -> dict[str, Any]:
    """Return a gauge as JSON."""
    record = asdict(gauge)
    factor = record.pop("factor")
    return record | {
        "factor_abs": abs(factor),
        "factor_rad": float(np.angle(factor)),
        "ramp_rad_per_px": list(gauge.ramp_rad_per_px),
        "shift_px": list(gauge.shift_px),
    }


def _agreement(found: Comparison, max_shift_px: float) -> dict[str, Any]:
    """Return the differences of every two arms or objects of files, in the gauge of the first."""
    region = found.evaluator.region
    rows = [
        entry.name
        for entry in RECONSTRUCTIONS.with_stages
        if entry.name in found.results
        and (entry.role is Role.ARM or entry.name in found.placements)
    ]
    pairs = {}
    for one, other in combinations(rows, 2):
        base, image = (found.results[row].aligned for row in (one, other))
        gauge = fit_gauge(image, base, region.weights, max_shift_px=max_shift_px)
        moved = remove_gauge(image, gauge, region.lit & np.isfinite(image))
        relative, amplitude, phase = differences(moved, base, region.mask)
        pairs[f"{one} and {other}"] = {
            "relative_complex_difference": relative,
            "amplitude_difference": amplitude,
            "phase_difference_rad": phase,
        }
    return pairs


def _resolutions(found: Comparison) -> dict[str, Any]:
    """Return the resolution of every arm from its two half sets, in nanometres where known."""
    header = found.scan.header
    geometry = header.geometry
    pixel_nm = NM_PER_M * geometry.object_pixel_m(header.n_px) if geometry.is_known else None
    by_model = {
        model: _resolution(result, pixel_nm)
        for model, result in found.reconstructions.items()
        if result.n_held_out_patterns is not None
    }
    return {"criterion": CRITERION, "object_pixel_nm": pixel_nm, "models": by_model}


def _resolution(result: ModelResult, pixel_nm: float | None) -> dict[str, Any]:
    """Return half a period at the crossing [px] and [nm], or why there is none."""
    crossing = result.value(SEVENTH_CROSSING.name)
    if crossing is None or crossing <= 0:
        reason = result.reasons.get(SEVENTH_CROSSING.name, "not crossed")
        return {"half_period_px": None, "half_period_nm": None, "reason": reason}
    half_period = 0.5 / crossing
    return {
        "half_period_px": half_period,
        "half_period_nm": None if pixel_nm is None else half_period * pixel_nm,
        "reason": "the file gives no geometry" if pixel_nm is None else None,
    }
