"""Parameters of the summary."""

from pydantic import BaseModel, ConfigDict, Field


class ReportParams(BaseModel):
    """How comparisons are put together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aggregate_split: str | None = Field(
        "test", description="Split that the headline means are over; none means all jobs"
    )
