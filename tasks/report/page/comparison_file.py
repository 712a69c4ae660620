"""What the page shows of a measured scan: how fine the arms see, and how far they are apart."""

from dataclasses import dataclass
from pathlib import Path

from tasks.report.records.comparison_files import ComparisonFile, read_comparison
from tasks.report.records.measured_against import TRUTH
from tasks.report.texts.text_tables import DASH, fixed

RESOLUTION_HEADER = ("model", "half period [px]", "half period [nm]", "why not")
AGREEMENT_HEADER = ("between", "relative complex", "amplitude", "phase [rad]")


@dataclass(frozen=True)
class WithoutTruth:
    """What `comparison.json` has of a measured scan; empty where there is a truth.

    Attributes:
        measured_against: truth or reference.
        criterion: How the resolution was found.
        resolution_rows: Rows below `RESOLUTION_HEADER`.
        agreement_rows: Rows below `AGREEMENT_HEADER`.
    """

    measured_against: str = TRUTH
    criterion: str = ""
    resolution_rows: tuple[list[str], ...] = ()
    agreement_rows: tuple[list[str], ...] = ()


def read_without_truth(path: Path) -> WithoutTruth:
    """Return what a comparison tells without a truth, from `comparison.json`."""
    found = read_comparison(path)
    return WithoutTruth(
        found.measured_against,
        found.resolution.criterion if found.resolution else "",
        tuple(_resolution_rows(found)),
        tuple(
            [
                pair,
                fixed(one.relative_complex_difference),
                fixed(one.amplitude_difference),
                fixed(one.phase_difference_rad),
            ]
            for pair, one in found.agreement.items()
        ),
    )


def _resolution_rows(found: ComparisonFile) -> list[list[str]]:
    return [
        [model, _number(one.half_period_px), _number(one.half_period_nm), one.reason or ""]
        for model, one in (found.resolution.models if found.resolution else {}).items()
    ]


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:.2f}"
