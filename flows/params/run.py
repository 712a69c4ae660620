"""The parameters of a run: what a person chooses, in the form or on the command line."""

from pathlib import Path
from typing import Annotated, ClassVar

from cyclopts import Parameter
from pydantic import Field, field_validator

from flows.params.measured import MeasuredParams
from flows.params.study import BaselineView, Profile, StudyParams, panel
from tasks.core import StrictModel
from tasks.core.files.named_files import without_folders
from tasks.core.study.hub_layout import AS_MEASURED
from tasks.networks.architectures import NetworkKind
from tasks.views.params import View

__all__ = [
    "DOSE_OPTIONS",
    "OPTION_NAMES",
    "BaselineView",
    "ConditionParams",
    "HubParams",
    "NetworkKind",
    "PhaseGParams",
    "Profile",
    "RunParams",
    "StudyParams",
]

DOSE_OPTIONS = ("--dose", "--photons-per-pattern")
# Options that a plan does not record where they are as without them.
LEFT_OUT = ("arms", "training", "size")
# Names of options that are not called like their field.
OPTION_NAMES = {"photons_per_pattern": "dose"}


class HubParams(StrictModel):
    """Where a run lies."""

    hub: Path = Field(
        Path("runs/phase_g_dense"), description="Folder of the study; created if it does not exist"
    )

    @field_validator("hub", mode="before")
    @classmethod
    def _hub_is_named(cls, value: object) -> object:
        if isinstance(value, str) and not value.strip():
            raise ValueError("The name of the hub is empty. Name a folder, or leave it out.")
        return value


class ConditionParams(StrictModel):
    """The one dose and view of a run."""

    photons_per_pattern: Annotated[float, Parameter(name=DOSE_OPTIONS)] = Field(
        1000.0,
        gt=0,
        allow_inf_nan=False,
        title="Dose [photons per pattern]",
        description="Mean photons detected in a pattern; the study uses 1e3, 1e4 and 1e5",
    )
    view: View = Field(
        View.DENSE, description="Linear overlap of neighbours: dense 0.7, sparse 0.2"
    )


class RunParams(StudyParams, HubParams):
    """What every kind of run knows: where it lies and what holds for all of it."""

    NOT_SCIENCE: ClassVar[frozenset[str]] = frozenset(
        {"hub", "networks_from", "reconstruction", "solver", "clobber", "skip_post_verify"}
    )

    @property
    def science(self) -> dict[str, object]:
        """The parameters that the outputs depend on, as JSON; files by name and content.

        Networks of another hub, reconstructions and solvers are added by the plan, which knows
        their content. Options that many hubs do not know are there where they are set alone.
        """
        fields = type(self).model_fields
        unset = {name for name in LEFT_OUT if getattr(self, name) == fields[name].default}
        return without_folders(self.model_dump(mode="json", exclude={*self.NOT_SCIENCE, *unset}))


# Fields of the last base come first, in the form and on the command line.
class PhaseGParams(RunParams, ConditionParams, HubParams):
    """One dose and view: simulate, train, reconstruct, compare, summarise, publish.

    The command line draws its options from these fields, as the form in the browser does.
    """

    NOT_SCIENCE: ClassVar[frozenset[str]] = RunParams.NOT_SCIENCE | {"part_of_sweep"}

    measured: Annotated[MeasuredParams | None, panel("Measured scan")] = Field(
        None,
        title="Measured scan",
        description="A measured scan in place of a simulated one; dose, sample, scan, size, probe "
        "and instrument are then ignored",
    )

    part_of_sweep: Annotated[bool, Parameter(parse=False)] = Field(
        False,
        title="Part of a sweep",
        description="Set by a sweep that has prepared the hub: run only the stages of this dose "
        "and view; the sweep makes summary and reports",
    )

    @property
    def view_name(self) -> str:
        """Name of the view in paths: that of the choice, or that nothing is chosen."""
        as_measured = self.measured is not None and not self.measured.thin
        return AS_MEASURED if as_measured else self.view.value
