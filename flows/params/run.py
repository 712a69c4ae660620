"""The parameters of a run: what a person chooses, in the form or on the command line."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar

from cyclopts import Group, Parameter
from pydantic import Field, field_validator

from flows.params.measured import MeasuredParams
from tasks.core import StrictModel
from tasks.core.files.named_files import without_folders
from tasks.core.objects import ObjectParams
from tasks.core.scan_patterns import ScanParams
from tasks.core.study.device import Backend, Device
from tasks.core.study.hub_layout import AS_MEASURED
from tasks.core.study.seeds import Split
from tasks.networks.architectures import ARCHITECTURES, NetworkKind
from tasks.reconstruct.params import PtyChiOptions
from tasks.simulate.params import InstrumentParams, ProbeParams
from tasks.views.params import View


def _panel(title: str) -> Parameter:
    """Return that the options of a field have a panel of their own in the help."""
    return Parameter(group=Group.create_ordered(title))


DOSE_OPTIONS = ("--dose", "--photons-per-pattern")
# Names of options that are not called like their field.
OPTION_NAMES = {"photons_per_pattern": "dose"}


class Profile(StrEnum):
    """How much work a run is."""

    SMOKE = "smoke"
    QUICK = "quick"
    STUDY = "study"


class BaselineView(StrEnum):
    """The view whose exposures the Baseline is trained on."""

    OWN = "own"
    DENSE = "dense"


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


class StudyParams(StrictModel):
    """What holds for every dose and view of a study."""

    splits: Annotated[tuple[Split, ...], Parameter(consume_multiple=True)] = Field(
        (Split.TRAIN, Split.TEST),
        description="Regions of the sample to reconstruct and compare: train, test or both",
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

    ptychi: Annotated[PtyChiOptions, _panel("pty-chi")] = Field(
        PtyChiOptions(),
        title="pty-chi",
        description="Settings of the iterative solver; those not set follow from dose and overlap",
    )
    sample: Annotated[ObjectParams, _panel("Sample")] = Field(
        ObjectParams(), title="Sample", description="Simulated object that the scans see"
    )
    test_sample: Annotated[ObjectParams | None, _panel("Sample of the test scan")] = Field(
        None,
        title="Sample of the test scan",
        description="Another object for the test scan; none: another region of the same one",
    )
    scan: Annotated[ScanParams, _panel("Scan")] = Field(
        ScanParams(), title="Scan", description="Positions of the probe and overlap of exposures"
    )
    probe: Annotated[ProbeParams | None, _panel("Probe (by default the profile's)")] = Field(
        None,
        title="Probe",
        description="Illumination at the sample; fields not set keep the profile's values",
    )
    instrument: Annotated[InstrumentParams, _panel("Faults of the instrument")] = Field(
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


class RunParams(StudyParams, HubParams):
    """What every kind of run knows: where it lies and what holds for all of it."""

    NOT_SCIENCE: ClassVar[frozenset[str]] = frozenset(
        {"hub", "networks_from", "clobber", "skip_post_verify"}
    )

    @property
    def science(self) -> dict[str, object]:
        """The parameters that the outputs depend on, as JSON; files by name and content.

        Networks of another hub are added by the plan, which knows their content.
        """
        return without_folders(self.model_dump(mode="json", exclude=set(self.NOT_SCIENCE)))


# Fields of the last base come first, in the form and on the command line.
class PhaseGParams(RunParams, ConditionParams, HubParams):
    """One dose and view: simulate, train, reconstruct, compare, summarise, publish.

    The command line draws its options from these fields, as the form in the browser does.
    """

    NOT_SCIENCE: ClassVar[frozenset[str]] = RunParams.NOT_SCIENCE | {"part_of_sweep"}

    measured: Annotated[MeasuredParams | None, _panel("Measured scan")] = Field(
        None,
        title="Measured scan",
        description="A measured scan in place of a simulated one; dose, sample, scan, probe and "
        "instrument are then ignored",
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
