"""The parameters that hold for every dose and view of a study, whichever kind of run it is."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from cyclopts import Group, Parameter
from pydantic import Field, field_validator, model_validator

from flows.params.arms import (
    DEFAULT_ARMS,
    ArmName,
    in_order,
    refuse_idle_networks,
    refuse_lone_variants,
    refuse_other_arms,
)
from flows.params.own_rows import named_objects
from flows.params.size import SizeOptions, refuse_two_sides
from flows.params.training import TrainingOptions, refuse_idle_training
from tasks.core import StrictModel
from tasks.core.objects import ObjectParams
from tasks.core.scan_patterns import ScanParams
from tasks.core.study.device import Backend, Device
from tasks.core.study.seeds import Split
from tasks.networks.architectures import ARCHITECTURES, NetworkKind
from tasks.reconstruct.params import PtyChiOptions
from tasks.simulate.params import InstrumentParams, ProbeParams


def panel(title: str) -> Parameter:
    """Return that the options of a field have a panel of their own in the help."""
    return Parameter(group=Group.create_ordered(title))


class Profile(StrEnum):
    """How much work a run is."""

    SMOKE = "smoke"
    QUICK = "quick"
    STUDY = "study"


class BaselineView(StrEnum):
    """The view whose exposures the Baseline is trained on."""

    OWN = "own"
    DENSE = "dense"


class StudyParams(StrictModel):
    """What holds for every dose and view of a study."""

    splits: Annotated[tuple[Split, ...], Parameter(consume_multiple=True)] = Field(
        (Split.TRAIN, Split.TEST),
        description="Regions of the sample to reconstruct and compare: train, test or both",
    )
    arms: Annotated[tuple[ArmName, ...], Parameter(consume_multiple=True)] = Field(
        DEFAULT_ARMS,
        description="Reconstructions to compare, one or more; the deltas are those of PtychoPINN, "
        "or without it of the first that is named. Networks that are not named are not trained",
    )
    reconstruction: tuple[str, ...] = Field(
        (),
        title="Reconstructions that exist",
        description="Rows made from files of other programs, NAME=FILE each for the test split, "
        "NAME:train=FILE for the training split; may be repeated",
    )
    solver: tuple[Path, ...] = Field(
        (),
        title="Solvers of one's own",
        description="YAML files, each of which describes a command that reconstructs as an arm; "
        "may be repeated. From a form only below the PHASE_G_SOLVER_ROOT of the worker",
    )
    profile: Profile = Field(
        Profile.QUICK,
        description="smoke: seconds, for tests. quick: minutes on two cores. study: for a GPU",
    )
    seed: int = Field(42, ge=0, lt=2**31, description="Root seed of all random numbers")
    seeds: int = Field(
        1,
        ge=1,
        le=100,
        title="Replicates",
        description="Number of runs with other scan jitter, noise and training, for the intervals "
        "of the deltas; their seeds are SEED, SEED + 1, ...",
    )
    fresh_samples: bool = Field(
        False, description="Draw a new sample for every replicate; otherwise all share one"
    )
    architecture: NetworkKind = Field(
        NetworkKind(next(iter(ARCHITECTURES))),
        description="Network of both arms. "
        + ". ".join(f"{choice.name}: {choice.meaning}" for choice in ARCHITECTURES.values()),
    )
    baseline_view: BaselineView = Field(
        BaselineView.OWN,
        title="View of the Baseline's training",
        description="own: trained on the view at which it is compared, as PtychoPINN is. "
        "dense: one Baseline for each dose, trained on the dense view and used for every view",
    )
    networks_from: Path | None = Field(
        None,
        title="Networks of another hub",
        description="Hub whose trained networks are taken in place of a training; none: train them",
    )
    adapt_steps: int = Field(
        0,
        ge=0,
        le=100_000,
        title="Adaptation [steps]",
        description="Steps of fine-tuning PtychoPINN on the test diffraction alone, without "
        "labels; 0: none",
    )
    refine: int = Field(
        0,
        ge=0,
        le=10_000,
        title="Refinement [epochs]",
        description="Epochs of pty-chi that start from the object of each network; 0: none",
    )
    truth_free: bool = Field(
        False,
        title="Truth-free metrics",
        description="Reconstruct odd and even patterns separately, and score the arms on the "
        "patterns that they were not given",
    )
    device: Device = Field(
        Device.AUTO, description="auto, cpu or cuda; auto takes a GPU where there is one"
    )
    backend: Backend = Field(
        Backend.TENSORFLOW, description="Framework of the networks: tensorflow or torch"
    )
    clobber: bool = Field(
        False, description="Move outputs of other parameters to archive/ and continue"
    )
    skip_post_verify: bool = Field(
        False,
        title="Skip the verification",
        description="Do not check the files of the hub at the end of the run",
    )

    training: Annotated[TrainingOptions, panel("Training")] = Field(
        TrainingOptions(),
        title="Training",
        description="Budget, schedule and size of the networks; fields not set are those of the "
        "profile or the architecture",
    )
    size: Annotated[SizeOptions, panel("Size")] = Field(
        SizeOptions(),
        title="Size",
        description="Patterns of both scans, and the side of one; fields not set are the profile's",
    )
    ptychi: Annotated[PtyChiOptions, panel("pty-chi")] = Field(
        PtyChiOptions(),
        title="pty-chi",
        description="Settings of the iterative solver; those not set follow from dose and overlap",
    )
    sample: Annotated[ObjectParams, panel("Sample")] = Field(
        ObjectParams(), title="Sample", description="Simulated object that the scans see"
    )
    test_sample: Annotated[ObjectParams | None, panel("Sample of the test scan")] = Field(
        None,
        title="Sample of the test scan",
        description="Another object for the test scan; none: another region of the same one",
    )
    scan: Annotated[ScanParams, panel("Scan")] = Field(
        ScanParams(), title="Scan", description="Positions of the probe and overlap of exposures"
    )
    probe: Annotated[ProbeParams | None, panel("Probe (by default the profile's)")] = Field(
        None,
        title="Probe",
        description="Illumination at the sample; fields not set keep the profile's values",
    )
    instrument: Annotated[InstrumentParams, panel("Faults of the instrument")] = Field(
        InstrumentParams(),
        title="Instrument",
        description="Faults of beam, stage and detector; all are off by default",
    )

    @field_validator("splits")
    @classmethod
    def _splits_are_a_set(cls, value: tuple[Split, ...]) -> tuple[Split, ...]:
        if not value:
            raise ValueError("Name at least one split: train, test or both.")
        return tuple(split for split in Split if split in value)

    @field_validator("arms", mode="before")
    @classmethod
    def _arms_are_known(cls, value: object) -> object:
        return refuse_other_arms(value)

    @field_validator("arms")
    @classmethod
    def _arms_are_in_order(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return in_order(value)

    @field_validator("reconstruction")
    @classmethod
    def _reconstructions_have_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        named_objects(value)
        return value

    @model_validator(mode="after")
    def _options_fit_each_other(self) -> Self:
        refuse_lone_variants(self)
        refuse_idle_networks(self.arms, self.networks_from)
        refuse_idle_training(self.training, self.networks_from)
        self.training.architecture(self.architecture)
        refuse_two_sides(self.size, self.probe)
        if self.reconstruction and self.seeds > 1:
            raise ValueError(
                f"A reconstruction belongs to the patterns that it was made from, and each of "
                f"{self.seeds} replicates has its own. Leave --seeds out, or --reconstruction."
            )
        return self

    @property
    def chosen_arms(self) -> tuple[str, ...] | None:
        """The arms, where they are not those of a run that names none."""
        return None if self.arms == DEFAULT_ARMS else self.arms
