"""What a reader needs beside the metrics: `comparison.json`."""

from dataclasses import asdict
from typing import Any

import numpy as np

from tasks.catalogue.quality_flags import flags_of, table_of
from tasks.compare.alignment.gauge import Gauge
from tasks.compare.convergence import iterations_to_quality
from tasks.compare.output_files import Comparison
from tasks.compare.params import ComparisonParams
from tasks.compare.truth_free.agreement import agreement, resolutions
from tasks.core.study.arms import Arm

SCHEMA_VERSION = 1


def comparison_facts(params: ComparisonParams, found: Comparison) -> dict[str, Any]:
    """Return region, gauges, flags and reasons as JSON.

    Args:
        params: What was asked for.
        found: What was found.
    """
    reference, results, table = found.judge.reference, found.results, table_of(found.rows)
    facts = {
        "schema_version": SCHEMA_VERSION,
        "models": list(results),
        "missing_arms": [arm.value for arm in Arm if arm.value not in results],
        "params": params.model_dump(mode="json"),
        "truth_checked": found.yardstick.is_checked,
        "measured_against": found.yardstick.name,
        "region": _region_facts(found),
        "data_range": {
            "amplitude": reference.data_range["amplitude"],
            "phase_rad": reference.data_range["phase"],
        },
        "gauge": {model: _gauge_facts(result.gauge) for model, result in results.items()},
        "flags": {model: flags_of(model, table) for model in found.reconstructions},
        "undefined": {model: result.reasons for model, result in results.items() if result.reasons},
    }
    held_out = {
        model: result.n_held_out_patterns
        for model, result in results.items()
        if result.n_held_out_patterns is not None
    }
    if held_out:
        facts["n_held_out_patterns"] = held_out
    if not found.yardstick.is_truth:
        facts["agreement"] = agreement(found, params.max_shift_px)
        facts["resolution"] = resolutions(found)
    if found.curves:
        facts["iterations_to_quality"] = iterations_to_quality(found.curves)
    return facts


def _region_facts(found: Comparison) -> dict[str, Any]:
    """Return what was scored."""
    region, reference = found.judge.region, found.judge.reference
    top, left = region.box.corner_px
    rows, columns = reference.rectangle
    return {
        "sha256": region.sha256,
        "n_scored_px": int(region.mask.sum()),
        "scored_fraction": float(region.mask.mean()),
        "box_corner_px": [top, left],
        "box_shape_px": list(region.box.shape),
        "rectangle_corner_px": [top + rows.start, left + columns.start],
        "rectangle_shape_px": list(reference.rectangle_shape),
    }


def _gauge_facts(gauge: Gauge) -> dict[str, Any]:
    """Return a gauge as JSON."""
    facts = asdict(gauge)
    factor = facts.pop("factor")
    return facts | {
        "factor_abs": abs(factor),
        "factor_rad": float(np.angle(factor)),
        "ramp_rad_per_px": list(gauge.ramp_rad_per_px),
        "shift_px": list(gauge.shift_px),
    }
