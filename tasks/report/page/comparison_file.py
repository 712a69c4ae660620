"""What the page shows of `comparison.json`.

Of a measured scan how fine the arms see, and how far they are apart; of iterates when a start that
a network has learned paid off.
"""

from dataclasses import dataclass
from pathlib import Path

from tasks.catalogue.headline import OBJECT_ERROR, SOLVER
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.report.records.comparison_files import read_comparison
from tasks.report.records.measured_against import TRUTH
from tasks.report.texts.text_tables import DASH, fixed

RESOLUTION_HEADER = ("model", "half period [px]", "half period [nm]", "why not")
AGREEMENT_HEADER = ("between", "relative complex", "amplitude", "phase [rad]")
QUALITY_HEADER = (
    "run",
    f"last {OBJECT_ERROR.label}",
    f"epochs to {SOLVER.name}'s end",
    f"{SOLVER.name}'s epochs to its end",
)


@dataclass(frozen=True)
class ComparisonNotes:
    """What `comparison.json` tells; rows are empty where it has none.

    Attributes:
        measured_against: truth or reference.
        criterion: How the resolution was found.
        resolution_rows: Rows below `RESOLUTION_HEADER`, of a measured scan.
        agreement_rows: Rows below `AGREEMENT_HEADER`, of a measured scan.
        quality_rows: Rows below `QUALITY_HEADER`, of runs that began with what a network learned.
    """

    measured_against: str = TRUTH
    criterion: str = ""
    resolution_rows: tuple[list[str], ...] = ()
    agreement_rows: tuple[list[str], ...] = ()
    quality_rows: tuple[list[str], ...] = ()


def read_notes(path: Path) -> ComparisonNotes:
    """Return what the page shows of `comparison.json`; raises ValueError if it is not one."""
    found = read_comparison(path)
    resolutions = found.resolution.models if found.resolution else {}
    entries = RECONSTRUCTIONS.entries
    learned = {
        model: quality
        for model, quality in found.iterations_to_quality.items()
        if model in entries and entries[model].is_network
    }
    return ComparisonNotes(
        found.measured_against,
        found.resolution.criterion if found.resolution else "",
        tuple(
            [model, _number(one.half_period_px), _number(one.half_period_nm), one.reason or ""]
            for model, one in resolutions.items()
        ),
        tuple(
            [
                pair,
                fixed(one.relative_complex_difference),
                fixed(one.amplitude_difference),
                fixed(one.phase_difference_rad),
            ]
            for pair, one in found.agreement.items()
        ),
        tuple(
            [model, fixed(one.final_complex_nrmse), _count(one.epochs), _count(one.ptychi_epochs)]
            for model, one in learned.items()
        ),
    )


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:.2f}"


def _count(epochs: int | None) -> str:
    return DASH if epochs is None else str(epochs)
