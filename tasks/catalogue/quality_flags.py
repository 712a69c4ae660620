"""What a reader must know before believing a table: one set of rules for every report.

The rules look at nothing but the rows of `comparison_metrics.csv`, so that a table from another
program is judged like our own. A rule whose rows are missing says nothing.
"""

from collections.abc import Iterable, Mapping

from tasks.core.files.metrics_table import MetricRow
from tasks.core.study.arms import Arm

FLAT = "Flat"
CONTROLS = ("Oracle", "Blurred", FLAT)
PARTS = ("amplitude", "phase")
HIGHER_IS_BETTER = {
    "ms_ssim": True,
    "ssim": True,
    "psnr": True,
    "mae": False,
    "mse": False,
    "complex_nrmse": False,
    "frc_half_crossing_per_px": True,
    "frc_area": True,
}
LEAST_COVERAGE_FRACTION = 0.95
LARGEST_DOUBLING_GAIN = 0.05

Table = Mapping[tuple[str, str], MetricRow]


def table_of(rows: Iterable[MetricRow]) -> dict[tuple[str, str], MetricRow]:
    """Return rows by model and metric."""
    return {(row.model, row.metric): row for row in rows}


def flags_of(model: str, table: Table) -> list[str]:
    """Return what is wrong with the scores of one reconstruction, in words.

    Args:
        model: Name of an arm or of another reconstruction.
        table: Rows of its comparison.

    Returns:
        Sentences without a full stop; none where nothing is wrong.
    """
    found = []
    if _value(table, model, "gauge_at_bound"):
        found.append("the gauge's shift is at its bound")
    elif _value(table, model, "gauge_shift_determined") == 0:
        found.append("the gauge's shift is not determined: too little detail of the truth")
    coverage = _value(table, model, "coverage_fraction")
    if coverage is not None and coverage < LEAST_COVERAGE_FRACTION:
        found.append(
            f"its window holds {coverage:.1%} of the region, under {LEAST_COVERAGE_FRACTION:.0%}"
        )
    # A refined arm has the epochs that it is asked for, converged or not.
    gain = _value(table, model, "doubling_gain") if model == Arm.PTYCHI.value else None
    if gain is not None and gain > LARGEST_DOUBLING_GAIN:
        found.append(
            f"the solver had not converged: twice the epochs would lower the complex error by "
            f"about {gain:.0%}"
        )
    return found + [
        f"does not beat the flat image in {part} {metric}"
        for part in PARTS
        if (metric := _lost_to_flat(table, model, part))
    ]


def disagreements(table: Table, rival: Arm) -> list[str]:
    """Return where MS-SSIM and MAE differ on whether PtychoPINN is better than another arm."""
    found = []
    for part in PARTS:
        gains = []
        for metric in ("ms_ssim", "mae"):
            own, other = (_part(table, arm.value, metric, part) for arm in (Arm.PTYCHOPINN, rival))
            if own is not None and other is not None:
                gains.append((own - other) * (1 if HIGHER_IS_BETTER[metric] else -1))
        if len(gains) == 2 and gains[0] * gains[1] < 0:
            winner = Arm.PTYCHOPINN if gains[0] > 0 else rival
            found.append(
                f"MS-SSIM and MAE disagree in {part}: MS-SSIM speaks for {winner.value}, MAE "
                f"against it"
            )
    return found


def _lost_to_flat(table: Table, model: str, part: str) -> str | None:
    """Return the metric in which the flat image is as good: MS-SSIM, or MAE where it has none."""
    for metric in ("ms_ssim", "mae"):
        own, bar = (_part(table, name, metric, part) for name in (model, FLAT))
        if own is not None and bar is not None:
            gain = own - bar if HIGHER_IS_BETTER[metric] else bar - own
            return metric if gain <= 0 else None
    return None


def _part(table: Table, model: str, metric: str, part: str) -> float | None:
    row = table.get((model, metric))
    return None if row is None else getattr(row, part)


def _value(table: Table, model: str, metric: str) -> float | None:
    row = table.get((model, metric))
    return None if row is None else row.value
