"""PtychoPINN minus the other arms: the numbers that a study is run for, and their texts."""

from typing import Any

from tasks.core.arms import Arm
from tasks.report.summary import PARTS, SCHEMA_VERSION

RIVALS = (Arm.BASELINE, Arm.PTYCHI)
METRICS = {"ms_ssim": "MS-SSIM", "mae": "MAE"}
DIRECTIONS = {"ms_ssim": "higher is better", "mae": "lower is better"}
LABEL_WIDTH = 35
MISSING = "n/a"


def delta_summary(
    summary: dict[str, Any], source_metrics: str, generated_at: str
) -> dict[str, Any]:
    """Return the content of `metrics_delta_summary.json`.

    Args:
        summary: Content of `metrics_summary.json`.
        source_metrics: Where that lies, relative to the hub.
        generated_at: Time in UTC, `YYYY-MM-DDTHH:MM:SSZ`.

    Returns:
        Differences of the aggregate means, PtychoPINN minus each rival, null where a value is
        missing; over the headline split, and over each split.
    """
    return {
        "schema_version": SCHEMA_VERSION,
        "generated_at": generated_at,
        "source_metrics": source_metrics,
        "aggregate_split": summary["aggregate_split"],
        "directions": DIRECTIONS,
        "deltas": deltas(summary["aggregate_metrics"]),
        "deltas_by_split": {
            split: deltas(means) for split, means in summary["aggregate_by_split"].items()
        },
    }


def deltas(aggregate: dict[str, Any]) -> dict[str, Any]:
    """Return PtychoPINN minus each rival for every metric and part of one aggregate."""
    return {
        f"vs_{rival.value}": {
            metric: {part: _difference(aggregate, rival, metric, part) for part in PARTS}
            for metric in METRICS
        }
        for rival in RIVALS
    }


def _difference(aggregate: dict[str, Any], rival: Arm, metric: str, part: str) -> float | None:
    own, other = (
        aggregate.get(arm.value, {}).get(metric, {}).get(f"mean_{part}")
        for arm in (Arm.PTYCHOPINN, rival)
    )
    return None if own is None or other is None else own - other


def highlight_lines(values: dict[str, Any], mae_decimals: int = 6) -> list[str]:
    """Return the four lines of highlights, MS-SSIM then MAE, each vs Baseline then vs PtyChi."""
    lines = []
    for metric, rival in _pairs():
        decimals = 3 if metric == "ms_ssim" else mae_decimals
        amplitude, phase = (
            _signed(values[f"vs_{rival.value}"][metric][part], decimals) for part in PARTS
        )
        lines.append(
            f"{_label(metric, rival):<{LABEL_WIDTH}}: amplitude {amplitude}  phase {phase}"
        )
    return lines


def preview_lines(values: dict[str, Any]) -> list[str]:
    """Return the four lines of highlights with the phase alone."""
    return [
        f"{_label(metric, rival)}: "
        f"{_signed(values[f'vs_{rival.value}'][metric]['phase'], 3 if metric == 'ms_ssim' else 6)}"
        for metric, rival in _pairs()
    ]


def _pairs() -> list[tuple[str, Arm]]:
    return [(metric, rival) for metric in METRICS for rival in RIVALS]


def _label(metric: str, rival: Arm) -> str:
    return f"{METRICS[metric]} Δ ({Arm.PTYCHOPINN.value} - {rival.value})"


def _signed(value: float | None, decimals: int) -> str:
    return MISSING if value is None else f"{value:+.{decimals}f}"
