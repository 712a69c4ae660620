"""Parameters of the views."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class View(StrEnum):
    """A choice of exposures, by how much neighbours overlap."""

    DENSE = "dense"
    SPARSE = "sparse"


OVERLAP_RATIO = {View.DENSE: 0.7, View.SPARSE: 0.2}


class ViewParams(BaseModel):
    """Choice of the exposures whose neighbours overlap by a nominal ratio."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    view: View = Field(View.DENSE, description="dense (0.7) or sparse (0.2) linear overlap")
    overlap_tolerance: float = Field(
        0.05, gt=0, lt=1, description="Largest distance of the measured overlap from the nominal"
    )

    @property
    def overlap_ratio(self) -> float:
        """Nominal linear overlap, 1 - step / diameter."""
        return OVERLAP_RATIO[self.view]
