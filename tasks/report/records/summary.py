"""Means over comparisons, and what is odd about them."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from tasks.core.files.metrics_table import MetricRow
from tasks.core.study.arms import Arm
from tasks.core.study.quality_flags import PARTS
from tasks.report.records.comparisons import Comparison
from tasks.report.records.measured_against import KEY, measured_against
from tasks.report.statistics.flags import comparison_flags, missing_arms

SCHEMA_VERSION = 1
ALL_SPLITS = "all"
MODELS = tuple(arm.value for arm in Arm)


def metrics_summary(jobs: Sequence[Comparison], aggregate_split: str | None) -> dict[str, Any]:
    """Return the content of `metrics_summary.json`.

    Args:
        jobs: Comparisons, the failed ones with no rows.
        aggregate_split: Split of the headline means; where no job has it, all jobs count.

    Returns:
        Counts, the comparisons that failed or lack an arm, all metrics of the three arms and of
        the controls, the means per model over the headline split and over each split, and flags.
    """
    done = [job for job in jobs if job.rows is not None]
    lacking = {job.name: missing for job in done if (missing := missing_arms(job))}
    splits = sorted({job.key.split for job in done})
    headline = aggregate_split if aggregate_split in splits else None
    chosen = [job for job in done if headline in (None, job.key.split)]
    return {
        "schema_version": SCHEMA_VERSION,
        "n_jobs": len(jobs),
        "n_success": len(done),
        "n_failed": len(jobs) - len(done),
        "failed": [job.name for job in jobs if job.rows is None],
        "incomplete": [{"job": name, "missing": arms} for name, arms in lacking.items()],
        "jobs": [_job_entry(job) for job in done],
        "aggregate_split": headline or ALL_SPLITS,
        "aggregate_metrics": aggregate(chosen),
        "aggregate_by_split": {
            split: aggregate([job for job in done if job.key.split == split]) for split in splits
        },
        KEY: measured_against(job.rows or () for job in done),
        "flags": [flag for job in done for flag in comparison_flags(job)],
    }


def aggregate(jobs: Iterable[Comparison]) -> dict[str, Any]:
    """Return mean and best MS-SSIM and mean MAE of every model over some jobs.

    A mean is null unless every job has the value, so that means of two models are always
    over the same jobs.
    """
    tables = [_values(job) for job in jobs]
    result: dict[str, Any] = {}
    for model in MODELS:
        ms_ssim: dict[str, float | None] = {}
        mae: dict[str, float | None] = {}
        for part in PARTS:
            values = [table.get((model, "ms_ssim", part)) for table in tables]
            ms_ssim[f"mean_{part}"] = _mean(values)
            ms_ssim[f"best_{part}"] = max((v for v in values if v is not None), default=None)
            mae[f"mean_{part}"] = _mean([table.get((model, "mae", part)) for table in tables])
        result[model] = {"ms_ssim": ms_ssim, "mae": mae}
    return result


def _job_entry(job: Comparison) -> dict[str, Any]:
    rows = [_row_entry(row) for row in job.rows or ()]
    return {
        **job.key._asdict(),
        "metrics": [row for row in rows if row["model"] in MODELS],
        "controls": [row for row in rows if row["model"] not in MODELS],
    }


def _row_entry(row: MetricRow) -> dict[str, Any]:
    return {
        "model": row.model,
        "metric": row.metric,
        "amplitude": row.amplitude,
        "phase": row.phase,
        "value": row.value,
    }


def _values(job: Comparison) -> dict[tuple[str, str, str], float | None]:
    return {
        (row.model, row.metric, part): getattr(row, part)
        for row in job.rows or ()
        for part in PARTS
    }


def _mean(values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return math.fsum(present) / len(present) if len(present) == len(values) > 0 else None
