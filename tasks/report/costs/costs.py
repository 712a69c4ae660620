"""What every reconstruction costs: the records of its stages put together.

A scan is paid for by what is done anew for every scan: a network's prediction, an iterative run,
the prediction that a run starts from, the fine-tuning on that very scan. A training is paid for
once, and stands apart; so are the labels that it learns from, where they had to be made.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from tasks.catalogue.reconstruction import StageRole
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core import StrictModel
from tasks.core.study.stage_record import StageRecord
from tasks.report.records.comparisons import ComparisonKey
from tasks.report.statistics.summary import ReportParams

# Paid once, before the first scan.
ONCE = (StageRole.LABEL, StageRole.TAKE, StageRole.TRAIN)
SOURCE_TRAINING, TAKEN_FROM = "source_training_cpu_s", "taken_from"
WORK_FACTS = ("inference_s", "solve_s")


class CostSource(StrictModel):
    """One stage that a reconstruction needed."""

    model: str = Field(min_length=1, description="Name of the reconstruction in tables")
    role: StageRole = Field(description="What the stage does for it; preparation costs nothing")
    dose: float = Field(gt=0, description="Photons per pattern of the comparison")
    view: str = Field(min_length=1, description="View of the comparison")
    split: str = Field(min_length=1, description="Split of the comparison")
    replicate: int = Field(1, ge=1, description="Replicate of the comparison")
    manifest: str = Field(min_length=1, description="Input that holds the stage's record (JSON)")
    table: str = Field(min_length=1, description="Input that holds the comparison's table (CSV)")

    @property
    def key(self) -> ComparisonKey:
        """The comparison."""
        return ComparisonKey.of(self.dose, self.view, self.split, self.replicate)


class CostParams(StrictModel):
    """What the costs are put together from."""

    sources: tuple[CostSource, ...] = Field(
        min_length=1, description="Stages of all reconstructions; a training may come often"
    )
    shown_split: str = Field(
        ReportParams().aggregate_split or "test",
        description="Split that figure and text show; all where no source has it",
    )


@dataclass(frozen=True)
class ArmCost:
    """What one reconstruction of one scan costs.

    Attributes:
        model: Name in tables.
        key: The comparison that it is judged in.
        wall_s: Time on the clock of all that is done for the scan, without the start of processes
            and the loading of frameworks [s].
        cpu_s: Time of all processors for the same [s].
        training_cpu_s: Time of all processors to train what is used, and to make the labels that it
            learns from; 0 without a training; where the network was taken from another hub, what it
            took there [s].
        peak_memory_mib: Largest memory of a stage for the scan [MiB].
        n_patterns: Patterns of the scan; None if no record says.
        patterns_per_s: Patterns by the time on the clock of the work itself; the start of processes
            and the reading of models do not count where the records say how long the work took.
        training_cpu_s_per_pattern: `training_cpu_s` by the patterns trained on; None without.
    """

    model: str
    key: ComparisonKey
    wall_s: float
    cpu_s: float
    training_cpu_s: float
    peak_memory_mib: float
    n_patterns: int | None
    patterns_per_s: float | None
    training_cpu_s_per_pattern: float | None


def arm_costs(sources: Iterable[CostSource], records: Mapping[str, StageRecord]) -> list[ArmCost]:
    """Return the costs of all reconstructions; raises ValueError if one has trainings alone."""
    grouped: dict[tuple[str, ComparisonKey], list[CostSource]] = {}
    for source in sources:
        if source.role is not StageRole.PREPARE:
            grouped.setdefault((source.model, source.key), []).append(source)
    return [
        _cost_of(model, key, [(source.role, records[source.manifest]) for source in members])
        for (model, key), members in grouped.items()
    ]


def _cost_of(
    model: str, key: ComparisonKey, stages: Sequence[tuple[StageRole, StageRecord]]
) -> ArmCost:
    """Add up the stages of one reconstruction."""
    training = [r for role, r in stages if role in (StageRole.TAKE, StageRole.TRAIN)]
    own = [record for role, record in stages if role not in ONCE]
    if not own:
        raise ValueError(
            f"{model} in {key.view}/{key.split} has trainings alone. Name the stage that "
            f"reconstructs it, in role `reconstruct` or `refine`."
        )
    share = [_share(model, record) for record in own]
    n_patterns = next((n for record in own if (n := record.facts.get("n_patterns"))), None)
    work_s = sum(_work_s(model, record) for record in own)
    training_cpu_s = sum(_paid_once_s(record) for role, record in stages if role in ONCE)
    n_trained = max((record.facts.get("n_patterns", 0) for record in training), default=0)
    return ArmCost(
        model=model,
        key=key,
        wall_s=sum(part * record.wall_s for part, record in zip(share, own, strict=True)),
        cpu_s=sum(part * record.cpu_s for part, record in zip(share, own, strict=True)),
        training_cpu_s=training_cpu_s,
        peak_memory_mib=max(record.peak_memory_mib for record in own),
        n_patterns=n_patterns,
        patterns_per_s=n_patterns / work_s if n_patterns and work_s > 0 else None,
        training_cpu_s_per_pattern=training_cpu_s / n_trained if n_trained else None,
    )


def _paid_once_s(record: StageRecord) -> float:
    """Return what a training took [s]; where its network was taken, what it took in that hub.

    It is no cheaper for having been paid elsewhere.
    """
    return float(record.facts.get(SOURCE_TRAINING, record.cpu_s))


def taken_from(records: Iterable[StageRecord]) -> dict[str, str]:
    """Return by the names of arms where their networks were taken from, hub and folder."""
    return {
        str(record.facts["arm"]): str(record.facts[TAKEN_FROM])
        for record in records
        if TAKEN_FROM in record.facts
    }


def _share(model: str, record: StageRecord) -> float:
    """Return the share of a stage that a model needs: the stage may go on for another model."""
    ready_s = _ready_s(record)
    if model not in ready_s or record.wall_s <= 0:
        return 1.0
    return max(0.0, 1 - (max(ready_s.values()) - ready_s[model]) / record.wall_s)


def _work_s(model: str, record: StageRecord) -> float:
    """Return the time on the clock of the work itself [s]; of the whole stage if none is known."""
    ready_s = _ready_s(record)
    if model in ready_s:
        return ready_s[model]
    known = (record.facts[name] for name in WORK_FACTS if name in record.facts)
    return float(next(known, record.wall_s))


def _ready_s(record: StageRecord) -> dict[str, float]:
    """Return of a stage that makes several models how long each took, on the way to the last."""
    return {
        entry.name: float(record.facts[entry.ready_fact])
        for entry in RECONSTRUCTIONS.with_stages
        if entry.ready_fact in record.facts
    }
