"""From scores and gauges to the rows of `comparison_metrics.csv`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.compare.controls import CONTROLS
from tasks.compare.gauge import Gauge
from tasks.compare.scores import QUANTITIES, Complex, Scores
from tasks.core.arms import Arm, Extra
from tasks.core.metrics_table import MetricRow

MODELS = (*(arm.value for arm in Arm), *(extra.value for extra in Extra), *CONTROLS)
FLAT = "Flat"
COSTS = ("n_parameters", "n_steps", "flops_per_step", "training_flops")


@dataclass(frozen=True)
class ModelResult:
    """An arm or a control after the comparison.

    Attributes:
        aligned: Object in the gauge of the truth, shape (H, W).
        gauge: What was removed.
        raw: Scores before that.
        gauged: Scores after that.
        coverage_fraction: Share of the lit region that its window holds.
    """

    aligned: Complex
    gauge: Gauge
    raw: Scores
    gauged: Scores
    coverage_fraction: float


def metric_rows(
    results: Mapping[str, ModelResult], contracts: Mapping[str, Any]
) -> list[MetricRow]:
    """Return the rows of the table: models in their fixed order, gauged metrics first.

    Args:
        results: Arms and controls by name.
        contracts: Contracts of networks by name; what a network costs comes from there.
    """
    return [
        row
        for model in MODELS
        if model in results
        for row in (*_rows_of(model, results[model]), *cost_rows(model, contracts.get(model, {})))
    ]


def cost_rows(model: str, contract: Mapping[str, Any]) -> list[MetricRow]:
    """Return what a network is and its training took; no times, so that equal runs are equal."""
    training = contract.get("training", {})
    return [MetricRow(model, name, value=training[name]) for name in COSTS if name in training]


def _rows_of(model: str, result: ModelResult) -> list[MetricRow]:
    """Return the rows of one model."""
    rows = [MetricRow(model, name, *pair) for name, pair in result.gauged.pairs.items()]
    rows += [MetricRow(model, f"raw_{name}", *pair) for name, pair in result.raw.pairs.items()]
    scalars = {
        "complex_nrmse": result.gauged.complex_nrmse,
        "raw_complex_nrmse": result.raw.complex_nrmse,
        "gauge_factor_abs": abs(result.gauge.factor),
        "gauge_factor_rad": float(np.angle(result.gauge.factor)),
        "gauge_ramp_rad_per_px": float(np.hypot(*result.gauge.ramp_rad_per_px)),
        "gauge_shift_px": float(np.hypot(*result.gauge.shift_px)),
        "coverage_fraction": result.coverage_fraction,
    }
    return rows + [MetricRow(model, name, value=value) for name, value in scalars.items()]


def flags(model: str, results: Mapping[str, ModelResult]) -> list[str]:
    """Return what a reader must know before believing the scores of an arm."""
    result, found = results[model], []
    if result.gauge.at_bound:
        found.append("the gauge's shift is at its bound")
    elif not result.gauge.shift_is_determined:
        found.append("the gauge's shift is not determined: too little detail of the truth")
    if result.coverage_fraction < 1:
        found.append(f"its window holds {result.coverage_fraction:.1%} of the region")
    flat = results[FLAT].gauged.pairs
    for index, quantity in enumerate(QUANTITIES):
        better, metric = 1.0, "ms_ssim"
        own, bar = result.gauged.pairs[metric][index], flat[metric][index]
        if own is None or bar is None:
            better, metric = -1.0, "mae"
            own, bar = result.gauged.pairs[metric][index], flat[metric][index]
        if own is not None and bar is not None and better * (own - bar) <= 0:
            found.append(f"does not beat the flat image in {quantity} {metric}")
    return found
