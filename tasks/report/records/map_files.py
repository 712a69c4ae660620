"""The file of the map: PtychoPINN minus the other arms, over dose and overlap."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, Strict

from tasks.core.study.hub_layout import CONDITION_MAP
from tasks.report.records.record_model import (
    Count,
    Direction,
    Dose,
    Name,
    Number,
    Part,
    Record,
    Replicate,
    Text,
    Verdict,
    Version,
)

Point = Annotated[tuple[Dose, Number], Strict(False)]


class MappedView(Record):
    """A view of the map."""

    view: Text
    overlap_ratio: Number | None = Field(description="Measured, the mean over its scans")


class Cell(Record):
    """A delta at one dose and view."""

    dose: Dose
    view: str
    n_replicates: Replicate
    delta: Number | None
    low: Number | None = None
    high: Number | None = None
    p_holm: Number | None = None
    kind: str | None = None
    verdict: Verdict | None = None
    reason: str | None


class Crossings(Record):
    """Doses at which the delta of a view is zero."""

    view: str
    doses: list[Dose]


class DeltaMap(Record):
    """One delta over dose and overlap."""

    basis: Literal["result", "equal_cpu"]
    against: Name
    metric: Name
    part: Part
    direction: Direction
    side: Literal["better", "worse", "mixed"] | None = Field(
        description="On which side of break-even all known points lie"
    )
    cells: list[Cell]
    crossings: list[Crossings]
    break_even: list[Annotated[list[Point], Field(min_length=2)]] = Field(
        description="Lines of points (dose, overlap ratio) along which the delta is zero"
    )


class MappedCost(Record):
    """CPU-seconds of the work for one scan, means over replicates."""

    dose: Dose
    view: str
    n_replicates: Count
    n_replicates_matched: Count = Field(
        description="In how many pty-chi comes to PtychoPINN's complex error"
    )
    ptychopinn_cpu_s: Number | None
    ptychi_cpu_s: Number | None
    training_cpu_s: Number | None
    ptychi_cpu_s_to_match: Number | None = Field(
        description="Until pty-chi's complex error is PtychoPINN's; null if a replicate never is"
    )
    cpu_ratio_at_equal_error: Number | None
    scans_to_pay_training: int | None = Field(
        description="Scans after which what PtychoPINN saves has paid its training"
    )


class ConditionMap(Record):
    """Deltas over dose and overlap, with the lines of break-even."""

    model_config = ConfigDict(title=CONDITION_MAP)

    schema_version: Version
    split: Text
    doses: list[Dose] = Field(min_length=1, description="Rising")
    views: list[MappedView] = Field(min_length=1)
    bases: dict[str, str] = Field(description="What is compared on each basis, in words")
    interpolation: str
    maps: list[DeltaMap]
    costs: list[MappedCost]
    gaps: list[str] = Field(description="Files that could not be used")
