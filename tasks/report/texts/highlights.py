"""The four lines that a study ends in, to the letter of the design."""

from typing import Any

from tasks.core.study.arms import Arm
from tasks.core.study.quality_flags import PARTS
from tasks.report.statistics.deltas import METRICS
from tasks.report.statistics.flags import RIVALS

LABEL_WIDTH = 35
DECIMALS = {"ms_ssim": 3, "mae": 6}
MISSING = "n/a"


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
