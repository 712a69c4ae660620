"""The files of deltas: PtychoPINN minus the other arms."""

from typing import Annotated, Literal, TypeVar

from pydantic import ConfigDict, Field

from tasks.catalogue.metric import PARTS, VALUE
from tasks.core.study.hub_layout import DELTA_SUMMARY
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
# Of another subject: against whichever arms were run.
AgainstOthers = dict[Name, Metrics[Value]]


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


class OthersByCondition(Record):
    """The deltas of another subject at one dose, view and split, means over its replicates."""

    dose: Dose
    view: Text
    split: Text
    n_replicates: Replicate
    deltas: AgainstOthers[Number | None]


class SubjectDeltas(Record):
    """The first arm of a run without PtychoPINN minus the other arms, in the headline's shapes."""

    deltas: AgainstOthers[Number | None]
    intervals: AgainstOthers[Interval]
    comparisons: list[ComparedDelta]
    deltas_by_condition: list[OthersByCondition]
    deltas_by_split: dict[str, AgainstOthers[Number | None]]
    intervals_by_split: dict[str, AgainstOthers[Interval]]


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
    arms: MayLack[list[Name]] = Field(None, description="Arms of the run, where it chose them")
    subject: MayLack[Name] = Field(None, description="The arm that is held against the others")
    headline_reason: str | None = Field(None, description="Why there is no headline")
    of_subject: MayLack[SubjectDeltas] = Field(
        None, description="Deltas of the subject, where it is not PtychoPINN"
    )
