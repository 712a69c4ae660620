"""Parameters of the views."""

from enum import StrEnum

from pydantic import Field, model_validator

from tasks.core import StrictModel
from tasks.core.geometry.groups import check_group_sizes
from tasks.core.study.hub_layout import AS_MEASURED


class View(StrEnum):
    """A choice of exposures, by how much neighbours overlap."""

    DENSE = "dense"
    SPARSE = "sparse"


OVERLAP_RATIO = {View.DENSE: 0.7, View.SPARSE: 0.2}


class ViewParams(StrictModel):
    """Choice of the exposures whose neighbours overlap by a nominal ratio.

    The groups are those that the overlap is measured in; they do not change the choice.
    """

    view: View = Field(View.DENSE, description="dense (0.7) or sparse (0.2) linear overlap")
    overlap_tolerance: float = Field(
        0.05, gt=0, lt=1, description="Largest distance of the measured overlap from the nominal"
    )
    gridsize: int = Field(
        2, ge=1, le=8, description="Square root of the exposures in a group: 1 alone, 2 four"
    )
    n_neighbours: int = Field(
        7, ge=1, le=64, description="Nearest exposures that a group is chosen from"
    )
    n_samples: int = Field(
        1, ge=1, le=1000, description="Different groups formed about each seed point"
    )
    n_seed_points: int | None = Field(
        None, ge=1, description="Exposures that groups are formed about; none takes every one"
    )
    grouping_seed: int = Field(123, ge=0, description="Root seed of the choice of neighbours")
    subsampling_seed: int = Field(456, ge=0, description="Root seed of the choice of seed points")

    @model_validator(mode="after")
    def _groups_can_be_formed(self) -> "ViewParams":
        check_group_sizes(self.n_neighbours, self.group_size, self.n_samples)
        return self

    @property
    def name(self) -> str:
        """Name of the view in files and paths."""
        return self.view.value

    @property
    def overlap_ratio(self) -> float | None:
        """Nominal linear overlap, 1 - step / diameter; None where nothing is chosen."""
        return OVERLAP_RATIO[self.view]

    @property
    def group_size(self) -> int:
        """Exposures in a group, its seed point among them."""
        return self.gridsize**2


class MeasuredViewParams(ViewParams):
    """Every exposure of a measured scan, however much neighbours overlap; nothing is chosen."""

    @property
    def name(self) -> str:
        """Name of the view in files and paths."""
        return AS_MEASURED

    @property
    def overlap_ratio(self) -> None:
        """There is no nominal overlap: it is measured."""
        return None
