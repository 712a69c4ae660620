"""What the page shows of a measured scan: how fine the arms see, and how far they are apart."""

from pathlib import Path

from pydantic import BaseModel, Field

from tasks.core.files.atomic_files import read_json
from tasks.report.page.run_facts import TELLING
from tasks.report.records.measured_against import TRUTH
from tasks.report.texts.markdown_table import DASH, fixed

RESOLUTION_HEADER = ("model", "half period [px]", "half period [nm]", "why not")
AGREEMENT_HEADER = ("between", "relative complex", "amplitude", "phase [rad]")


class Resolution(BaseModel):
    """Half a period at the crossing, or why there is none."""

    model_config = TELLING
    half_period_px: float | None
    half_period_nm: float | None
    reason: str | None


class Resolutions(BaseModel):
    """Resolutions by model."""

    model_config = TELLING
    criterion: str
    models: dict[str, Resolution]


class Difference(BaseModel):
    """How far two arms are apart over the scored pixels."""

    model_config = TELLING
    relative_complex_difference: float
    amplitude_difference: float
    phase_difference_rad: float


class WithoutTruth(BaseModel):
    """What `comparison.json` has of a measured scan; empty where there is a truth.

    Attributes:
        measured_against: truth or reference.
        agreement: How far every two arms are apart.
        resolution: How fine the arms see.
    """

    model_config = TELLING
    measured_against: str = TRUTH
    agreement: dict[str, Difference] = Field(default_factory=dict)
    resolution: Resolutions | None = None

    @property
    def criterion(self) -> str:
        """How the resolution was found."""
        return "" if self.resolution is None else self.resolution.criterion

    @property
    def resolution_rows(self) -> list[list[str]]:
        """Rows below `RESOLUTION_HEADER`."""
        found = {} if self.resolution is None else self.resolution.models
        return [
            [model, _number(one.half_period_px), _number(one.half_period_nm), one.reason or ""]
            for model, one in found.items()
        ]

    @property
    def agreement_rows(self) -> list[list[str]]:
        """Rows below `AGREEMENT_HEADER`."""
        return [
            [
                pair,
                fixed(one.relative_complex_difference),
                fixed(one.amplitude_difference),
                fixed(one.phase_difference_rad),
            ]
            for pair, one in self.agreement.items()
        ]


def read_without_truth(path: Path) -> WithoutTruth:
    """Return what a comparison tells without a truth, from `comparison.json`."""
    return WithoutTruth.model_validate(read_json(path))


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:.2f}"
