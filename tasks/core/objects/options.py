"""What shapes a simulated sample, apart from the ranges of its amplitude and phase."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class ObjectKnobs(BaseModel):
    """What a maker of objects may know: never the ranges, so that they cannot reach its draws."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_spokes: int = Field(24, ge=4, le=360, description="siemens_star: periods around a star")
    finest_period_px: float = Field(
        3.0,
        ge=2,
        le=64,
        description="siemens_star: period of the spokes where they begin, 2 pi r / n_spokes [px]",
    )
    star_radius_px: float = Field(
        64.0, ge=8, le=4096, description="siemens_star: outer radius of a star [px]"
    )
    path: Path | None = Field(
        None, description="file: HDF5 object of this project, or complex .npy or .npz"
    )
    keep_file_values: bool = Field(
        True,
        description="file: keep its amplitude and phase; false stretches them to the ranges",
    )
