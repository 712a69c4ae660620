"""Parameters of the two regions of a measured scan."""

from pydantic import BaseModel, ConfigDict, Field


class RegionParams(BaseModel):
    """Where a measured scan is cut into a training and a test region."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    guard_px: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="Least distance of a training from a test position along the cut; none: the "
        "side of a patch, so that no object pixel is seen from both [px]",
    )
    train_fraction: float = Field(
        0.6,
        gt=0,
        lt=1,
        description="Share of the training region of what the guard band leaves",
    )
    test_first: bool = Field(
        False, description="The test region begins where the coordinates are smallest"
    )
