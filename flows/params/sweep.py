"""The parameters of a sweep over doses and views."""

import math
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar

from cyclopts import Parameter
from pydantic import Field, field_validator, model_validator

from flows.params.run import HubParams, PhaseGParams, RunParams, StudyParams
from tasks.views.params import View


class Runner(StrEnum):
    """Who runs the conditions of a sweep."""

    LOCAL = "local"
    DASK = "dask"
    DEPLOYMENT = "deployment"


class AxesParams(HubParams):
    """The doses and views of a sweep, and its folder."""

    hub: Path = Field(
        Path("runs/dose_overlap_study"),
        description="Folder of the study; created if it does not exist",
    )
    doses: Annotated[tuple[float, ...], Parameter(consume_multiple=True)] = Field(
        (1e3, 1e4, 1e5),
        min_length=1,
        title="Doses [photons per pattern]",
        description="Mean photons detected in a pattern, one or more; the study uses 1e3, 1e4, 1e5",
    )
    views: Annotated[tuple[View, ...], Parameter(consume_multiple=True)] = Field(
        tuple(View),
        min_length=1,
        description="Linear overlaps of neighbours: dense 0.7, sparse 0.2, or both",
    )
    runner: Runner = Field(
        Runner.LOCAL,
        description="Where the conditions run. local: processes of this machine, one a core. "
        "dask: the workers of a Dask cluster. deployment: one run of a deployment of phase-g for "
        "each condition, on the workers of its pool",
    )
    dask_address: str | None = Field(
        None,
        title="Address of the Dask scheduler",
        description="Such as tcp://127.0.0.1:8786; for the runner dask",
    )
    deployment: str | None = Field(
        None,
        title="Deployment that runs a condition",
        description="Such as phase-g/gpu; for the runner deployment",
    )

    @field_validator("doses")
    @classmethod
    def _doses_are_a_set(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        wrong = [dose for dose in value if not (0 < dose < math.inf)]
        if wrong:
            raise ValueError(
                f"Doses are positive, finite numbers of photons per pattern, got {wrong[0]}."
            )
        return tuple(sorted(set(value)))

    @field_validator("views")
    @classmethod
    def _views_are_a_set(cls, value: tuple[View, ...]) -> tuple[View, ...]:
        return tuple(view for view in View if view in value)

    @model_validator(mode="after")
    def _runner_has_its_address(self) -> "AxesParams":
        needed = {Runner.DASK: "dask_address", Runner.DEPLOYMENT: "deployment"}
        for runner, name in needed.items():
            given = getattr(self, name)
            if self.runner is runner and not given:
                raise ValueError(f"The runner {runner.value} needs {name}. Give it, or run local.")
            if self.runner is not runner and given:
                raise ValueError(
                    f"{name}={given!r} is for the runner {runner.value}, and the runner is "
                    f"{self.runner.value}. Leave {name} out, or choose that runner."
                )
        return self


class SweepParams(RunParams, AxesParams):
    """Doses x views x replicates in one hub: every condition as a run of it alone has it.

    The command line draws its options from these fields, as the form in the browser does.
    """

    NOT_SCIENCE: ClassVar[frozenset[str]] = RunParams.NOT_SCIENCE | {
        "runner",
        "dask_address",
        "deployment",
    }

    @field_validator("reconstruction")
    @classmethod
    def _a_file_has_one_condition(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value:
            raise ValueError(
                "A file was made from the patterns of one dose and view, and a sweep has many. "
                "Leave it out, and run `python -m flows.phase_g` for that dose and view."
            )
        return value

    @property
    def conditions(self) -> tuple[PhaseGParams, ...]:
        """What a run of each dose and view alone would be asked for, doses first."""
        shared = {name: getattr(self, name) for name in (*StudyParams.model_fields, "hub")}
        return tuple(
            PhaseGParams(photons_per_pattern=dose, view=view, **shared)
            for dose in self.doses
            for view in self.views
        )
