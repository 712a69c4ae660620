"""From scores and gauges to the rows of `comparison_metrics.csv`."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tasks.compare.controls import CONTROLS
from tasks.compare.evaluator import ModelResult
from tasks.compare.reference_object import TRUTH
from tasks.core.files.block_file import N_BLOCKS, BlockRow
from tasks.core.files.metrics_table import AGAINST_REFERENCE, MetricRow
from tasks.core.study.arms import RECONSTRUCTIONS

MODELS = (*(name.value for name in RECONSTRUCTIONS), *CONTROLS)
COSTS = ("n_parameters", "n_steps", "flops_per_step", "training_flops")


def metric_rows(
    results: Mapping[str, ModelResult], contracts: Mapping[str, Any], measured_against: str = TRUTH
) -> list[MetricRow]:
    """Return the rows of the table: models in their fixed order, gauged metrics first.

    Args:
        results: Arms and controls by name.
        contracts: Contracts of networks by name; what a network costs comes from there.
        measured_against: truth or reference; the rows of each model say where it is no truth.
    """
    return [
        row
        for model in MODELS
        if model in results
        for row in (
            *_rows_of(model, results[model]),
            *cost_rows(model, contracts.get(model, {})),
            *_caveat(model, measured_against),
        )
    ]


def _caveat(model: str, measured_against: str) -> list[MetricRow]:
    """Return the row that says that a model was held against a reference."""
    if measured_against == TRUTH:
        return []
    return [MetricRow(model, AGAINST_REFERENCE, value=1.0)]


def block_rows(results: Mapping[str, ModelResult]) -> list[BlockRow]:
    """Return the pseudo-values of every reconstruction, in the gauge of the truth.

    Args:
        results: Reconstructions by name.
    """
    rows = []
    for model, result in results.items():
        for metric, pair in result.gauged.blocks.items():
            amplitudes, phases = (
                [None] * N_BLOCKS if part is None else part.tolist() for part in pair
            )
            rows += [
                BlockRow(model, metric, block, *cells)
                for block, cells in enumerate(zip(amplitudes, phases, strict=True))
            ]
    return rows


def cost_rows(model: str, contract: Mapping[str, Any]) -> list[MetricRow]:
    """Return what a network is and its training took; no times, so that equal runs are equal."""
    training = contract.get("training", {})
    return [MetricRow(model, name, value=training[name]) for name in COSTS if name in training]


def _rows_of(model: str, result: ModelResult) -> list[MetricRow]:
    """Return the rows of one model."""
    rows = [MetricRow(model, name, *pair) for name, pair in result.gauged.pairs.items()]
    rows += [MetricRow(model, f"raw_{name}", *pair) for name, pair in result.raw.pairs.items()]
    scalars: dict[str, float | None] = {
        "complex_nrmse": result.gauged.complex_nrmse,
        "raw_complex_nrmse": result.raw.complex_nrmse,
        "gauge_factor_abs": abs(result.gauge.factor),
        "gauge_factor_rad": float(np.angle(result.gauge.factor)),
        "gauge_ramp_rad_per_px": float(np.hypot(*result.gauge.ramp_rad_per_px)),
        "gauge_shift_px": float(np.hypot(*result.gauge.shift_px)),
        "gauge_at_bound": float(result.gauge.at_bound),
        "gauge_shift_determined": float(result.gauge.shift_is_determined),
        "coverage_fraction": result.coverage_fraction,
        **result.scalars,
    }
    return rows + [MetricRow(model, name, value=value) for name, value in scalars.items()]
