"""Parameters of the control without a network."""

from pydantic import BaseModel, ConfigDict, Field


class ProjectionParams(BaseModel):
    """The first guess of the networks and their physics passes, with nothing learned between."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passes: int = Field(2, ge=1, le=1000, description="Physics passes after the first guess")
    longer_factor: int = Field(
        5, ge=2, le=100, description="How many times as many passes the longer control makes"
    )
    chunk_size: int = Field(
        256, ge=1, le=65_536, description="Patterns propagated at a time; bounds the memory"
    )
