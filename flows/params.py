"""The parameters of a run: what a person chooses, in the form or on the command line."""

from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tasks.core.device import Device
from tasks.core.seeds import Split
from tasks.views.params import View


class Profile(StrEnum):
    """How much work a run is."""

    SMOKE = "smoke"
    QUICK = "quick"
    STUDY = "study"


class PhaseGParams(BaseModel):
    """One dose and view: simulate, train, reconstruct, compare, summarise, publish."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hub: Path = Field(
        Path("runs/phase_g_dense"), description="Folder of the study; made if it is not there"
    )
    photons_per_pattern: float = Field(
        1000.0,
        gt=0,
        allow_inf_nan=False,
        title="Dose [photons per pattern]",
        description="Mean photons detected in a pattern; the study uses 1e3, 1e4 and 1e5",
    )
    view: View = Field(
        View.DENSE, description="Linear overlap of neighbours: dense 0.7, sparse 0.2"
    )
    splits: tuple[Split, ...] = Field(
        (Split.TRAIN, Split.TEST), description="Parts of the sample to reconstruct and compare"
    )
    profile: Profile = Field(
        Profile.QUICK,
        description="smoke: seconds, for tests. quick: minutes on two cores. study: for a GPU",
    )
    seed: int = Field(42, ge=0, lt=2**31, description="Root of all random draws")
    device: Device = Field(Device.AUTO, description="auto takes a GPU where there is one")
    clobber: bool = Field(
        False, description="Move outputs of other parameters to archive/ and go on"
    )

    @field_validator("splits")
    @classmethod
    def _splits_are_a_set(cls, value: tuple[Split, ...]) -> tuple[Split, ...]:
        if not value:
            raise ValueError("Name at least one split: train, test or both.")
        return tuple(split for split in Split if split in value)

    @property
    def science(self) -> dict[str, object]:
        """The parameters that the outputs depend on, as JSON."""
        return self.model_dump(mode="json", exclude={"hub", "clobber"})
