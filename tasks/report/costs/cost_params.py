"""Parameters of the costs: which record belongs to which reconstruction."""

from enum import Enum

from pydantic import BaseModel, ConfigDict, Field

from tasks.report.publish.params import ReportParams
from tasks.report.records.comparisons import ComparisonKey


class Role(Enum):
    """What a stage does for a reconstruction."""

    LABEL = "label"
    TRAIN = "train"
    ADAPT = "adapt"
    START = "start"
    RECONSTRUCT = "reconstruct"
    REFINE = "refine"


class CostSource(BaseModel):
    """One stage that a reconstruction needed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(min_length=1, description="Name of the reconstruction in tables")
    role: Role = Field(description="What the stage does for it")
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


class CostParams(BaseModel):
    """What the costs are put together from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[CostSource, ...] = Field(
        min_length=1, description="Stages of all reconstructions; a training may come often"
    )
    shown_split: str = Field(
        ReportParams().aggregate_split or "test",
        description="Split that figure and text show; all where no source has it",
    )
