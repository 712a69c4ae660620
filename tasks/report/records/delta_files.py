"""The files of deltas: PtychoPINN minus the other arms, and the same over dose and overlap."""

from typing import Annotated, Literal, TypeVar

from pydantic import ConfigDict, Field, Strict

from tasks.catalogue.metric import PARTS, VALUE
from tasks.core.study.hub_layout import CONDITION_MAP, DELTA_SUMMARY
from tasks.core.study.stage_record import HubPath
from tasks.report.records.attempts import KnownTo
from tasks.report.records.comparison_files import MeasuredAgainst
from tasks.report.records.record_model import (
    HEADLINE_ARMS,
    HEADLINE_METRICS,
    Count,
    Direction,
    Dose,
    MayLack,
    Name,
    Needs,
    Number,
    Part,
    Record,
    Replicate,
    Text,
    UtcTime,
    Verdict,
    Version,
)

Value = TypeVar("Value")
# By arm, metric and part.
Parts = Annotated[dict[str, Value], Needs(PARTS, instead=(VALUE,))]
Metrics = Annotated[dict[Name, Parts[Value]], Needs(HEADLINE_METRICS)]
AgainstArms = Annotated[
    dict[Name, Metrics[Value]], Needs(tuple(f"vs_{arm}" for arm in HEADLINE_ARMS[1:]))
]
Point = Annotated[tuple[Dose, Number], Strict(False)]


class Interval(KnownTo):
    """A delta's 95 % interval and verdict; null where they are not known."""

    kind: Literal["seeds", "spatial"] | None
    n: int | None
    estimate: Number | None = Field(description="The middle of the interval")
    low: Number | None
    high: Number | None
    half_width: Number | None
    p_value: Number | None
    p_holm: Number | None = Field(description="Corrected within its family after Holm")
    reason: str | None = Field(description="Why there is no interval, or what it leaves out")
    verdict: Verdict | None


class ComparedDelta(Interval):
    """One delta of any metric."""

    against: Name
    metric: Name
    part: Part
    delta: Number | None
    direction: Direction
    family: Text = Field(description="Metrics whose p-values are corrected together")


class ConditionDeltas(Record):
    """The deltas of one dose, view and split, means over its replicates."""

    dose: Dose
    view: Text
    split: Text
    n_replicates: Replicate
    deltas: AgainstArms[Number | None]


class DeltaSummary(Record):
    """PtychoPINN minus the other arms, with intervals and verdicts."""

    model_config = ConfigDict(title=DELTA_SUMMARY)

    schema_version: Version
    generated_at: UtcTime
    source_metrics: HubPath
    aggregate_split: MayLack[Text] = None
    measured_against: MeasuredAgainst = "truth"
    directions: dict[Name, Direction] = Field({}, description="Of the headline metrics")
    confidence: MayLack[Annotated[Number, Field(gt=0, lt=1)]] = None
    n_replicates: MayLack[Count] = None
    deltas: AgainstArms[Number | None] = Field(description="Differences of the means")
    intervals: AgainstArms[Interval] = Field({}, description="In the shape of the deltas")
    comparisons: list[ComparedDelta] = Field([], description="Deltas of all metrics")
    deltas_by_condition: list[ConditionDeltas] = Field([], description="A dose and view each")
    deltas_by_split: dict[str, AgainstArms[Number | None]] = Field({})
    intervals_by_split: dict[str, AgainstArms[Interval]] = Field({})


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
