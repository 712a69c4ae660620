"""Parameters of the comparison."""

from pydantic import BaseModel, ConfigDict, Field


class ComparisonParams(BaseModel):
    """What is scored, and what the alignment may remove; the same for every arm."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    coverage_fraction: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="Least illumination of a scored pixel over the scan's 95th percentile",
    )
    erosion_px: float = Field(
        4.0, ge=0, le=64, description="Margin between scored and unlit pixels [px]"
    )
    max_shift_px: float = Field(
        2.0, ge=0, le=8, description="Largest shift that the gauge may remove [px]"
    )
    held_out_light_fraction: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Least share of a held-out pattern's light that must fall where the object is "
        "known; 1 asks for the whole patch, dark rim and all",
    )
    min_window_coverage: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Least share of the region that a reconstruction must hold to be compared; "
        "under 0.95 it is flagged",
    )
