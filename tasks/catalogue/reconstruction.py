"""What an entry of the catalogue of reconstructions says, and what it may ask of the planner."""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from tasks.catalogue.registry import check_name
from tasks.core import Complex
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import Phase, StageCall

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_+-]*"
# Other inputs of a comparison, and other arrays of its output.
TAKEN_NAMES = ("scan", "view", "truth", "reference", "mask", "corner_px", "rectangle_px")


class Role(StrEnum):
    """What a reconstruction is in the comparison."""

    ARM = "arm"
    VARIANT = "variant"
    CONTROL = "control"


class LearnsFrom(StrEnum):
    """What training uses, besides the patterns that are reconstructed."""

    NOTHING = "nothing"
    DIFFRACTION = "diffraction"
    LABELS = "labels"


class StageRole(StrEnum):
    """What a stage does for a reconstruction; all but PREPARE are part of its cost."""

    PREPARE = "prepare"
    LABEL = "label"
    TAKE = "take"
    TRAIN = "train"
    ADAPT = "adapt"
    START = "start"
    RECONSTRUCT = "reconstruct"
    REFINE = "refine"


class Step(NamedTuple):
    """A stage, and what it does for a reconstruction."""

    role: StageRole
    call: StageCall


class RunOptions(Protocol):
    """What a run was asked for, as far as it decides which reconstructions are wanted."""

    @property
    def splits(self) -> tuple[Split, ...]:
        """Parts of the sample that are reconstructed."""

    @property
    def adapt_steps(self) -> int:
        """Steps of fine-tuning on the test scan; 0: none."""

    @property
    def refine(self) -> int:
        """Epochs of refinement by the iterative solver; 0: none."""


class Planner(Protocol):
    """What the stages of a reconstruction are planned with: one condition and replicate of a run.

    Paths are relative to the hub.
    """

    @property
    def compared_with(self) -> dict[str, str]:
        """The true object as `truth`, or of a measured scan the `reference` (HDF5)."""

    def name(self, name: str, split: Split | None = None) -> str:
        """Return the name of a stage of this condition, and of one split where it matters."""

    def exposures(self, split: Split, half: str = "") -> dict[str, str]:
        """Return what a reconstructor reads: `scan` (CXI) and `view` (JSON).

        Half is `odd` or `even` for one half of the exposures; empty for all of them.
        """

    def reconstruction(self, name: str, split: Split, half: str = "") -> str:
        """Return where the object that `name` reconstructs lies (HDF5)."""

    def call(
        self,
        name: str,
        phase: Phase,
        function: str,
        params: BaseModel,
        files: tuple[Mapping[str, str], Mapping[str, str]],
        manifest: str,
    ) -> StageCall:
        """Return a stage: `function` as `module:name`, `files` its inputs and its outputs."""

    def training(self, network: "Reconstruction") -> tuple[Step, ...]:
        """Return what trains a network, its preparation and labels first; the training is last.

        Where a run takes networks of another hub, the copy stands in its place.
        """

    def adaptation(self, trained: StageCall, split: Split) -> StageCall:
        """Return the stage that fine-tunes a trained network on the diffraction of a split."""

    def prediction(self, name: str, split: Split, trained: StageCall, half: str = "") -> StageCall:
        """Return the stage that reconstructs as `name` with a trained network."""

    def iteration(
        self, name: str, split: Split, half: str = "", algorithm: str | None = None
    ) -> StageCall:
        """Return the stage that reconstructs as `name` by pty-chi, from a flat object.

        The algorithm is `epie`, `raar` or `dm`; None: that of the option group `ptychi`.
        """

    def refinement(self, name: str, of: str, split: Split, start: StageCall) -> StageCall:
        """Return the stage that lets pty-chi go on from the object of `of`, made by `start`."""

    def projection(self, names: tuple[str, str], split: Split) -> StageCall:
        """Return the stage of the networks' physics without a network, of two lengths."""

    def solution(self, name: str, split: Split, half: str = "") -> StageCall:
        """Return the stage that reconstructs as `name` by the command of that name."""

    def placement(
        self, name: str, split: Split, solution: StageCall | None = None, half: str = ""
    ) -> StageCall:
        """Return the stage that places the object of a file, or what a command has made."""


@dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """Something that has rows in every table, and how a run comes to it.

    A subclass says by `stages` how the object is made. One without stages is an image that the
    comparison makes of the truth, by `image`.

    Attributes:
        name: Name in tables, files and figures; paths have it in lower case.
        role: What it is in the comparison.
        description: What it is, in a few words.
        colour: Colour in figures, `#RRGGBB`.
        dark_colour: Colour on a dark ground.
        learns_from: What training uses.
        converges: Whether its epochs are chosen so that it converges: the reports say where it
            has not.
        is_aligned: Whether the gauge is fitted and removed before it is scored.
        by_default: Of an arm: whether a run has it that names no arms.
        follows: Of a variant or a control: names of the arms of which a run must have one to have
            it; none for what stands beside any arm.
        ready_fact: Where its stage makes several: the fact of its record that says how long this
            one took, on the way to the last [s].
    """

    name: str
    role: Role
    description: str
    colour: str
    dark_colour: str
    learns_from: LearnsFrom = LearnsFrom.NOTHING
    converges: bool = False
    is_aligned: bool = True
    by_default: bool = True
    follows: tuple[str, ...] = ()
    ready_fact: str = ""

    @property
    def slug(self) -> str:
        """Name in paths and stages."""
        return self.name.lower()

    @property
    def is_network(self) -> bool:
        """Whether a network is trained for it."""
        return self.learns_from is not LearnsFrom.NOTHING

    def belongs_to(self, arms: Container[str]) -> bool:
        """Tell whether a run of some arms, given by name, can have it."""
        if self.role is Role.ARM:
            return self.name in arms
        return not self.follows or any(name in arms for name in self.follows)

    def is_wanted(self, options: RunOptions, split: Split) -> bool:
        """Tell whether a run that can have it wants it on a split."""
        del options, split
        return True

    def stages(self, planner: Planner, split: Split) -> Sequence[Step]:
        """Return all stages that it needs on a split, the one that writes its object last.

        Stages that others need too may come again: a run takes those of equal names once.
        """
        del planner, split
        return ()

    def half_stage(self, planner: Planner, split: Split, half: str) -> StageCall | None:
        """Return the stage that reconstructs one half of the exposures; None where it has none."""
        del planner, split, half
        return None

    def half_stages(self, planner: Planner, split: Split, half: str) -> Sequence[StageCall]:
        """Return all stages for one half, the one that writes its object last; none as above."""
        stage = self.half_stage(planner, split, half)
        return () if stage is None else (stage,)

    def image(
        self,
        true_object: Complex,
        positions_px: NDArray[np.floating],
        probe: Complex,
        mask: NDArray[np.bool_],
    ) -> Complex | None:
        """Return the image of a control that is made of the truth; None for all others.

        Args:
            true_object: True object, shape (H, W).
            positions_px: Positions (y, x) in the frame of that array [px], shape (J, 2).
            probe: Illumination, shape (N, N).
            mask: Scored pixels, shape (H, W).
        """
        del true_object, positions_px, probe, mask
        return None


@dataclass(frozen=True, kw_only=True)
class TrainedNetwork(Reconstruction):
    """A network that is trained on the training scan.

    Attributes:
        labeller: Whose reconstructions of a measured training scan are its labels; None for a
            network without labels.
    """

    labeller: Reconstruction | None = None

    def stages(self, planner: Planner, split: Split) -> Sequence[Step]:
        """Return training and prediction."""
        training = planner.training(self)
        prediction = planner.prediction(self.name, split, training[-1].call)
        return *training, Step(StageRole.RECONSTRUCT, prediction)

    def half_stage(self, planner: Planner, split: Split, half: str) -> StageCall | None:
        """Return the prediction of one half."""
        return planner.prediction(self.name, split, planner.training(self)[-1].call, half)


def check_reconstruction(entry: Reconstruction) -> None:
    """Refuse an entry (ValueError) whose name or colours will not do."""
    check_name(entry.name, NAME_PATTERN, TAKEN_NAMES)
    for colour in (entry.colour, entry.dark_colour):
        if not re.fullmatch("#[0-9A-Fa-f]{6}", colour):
            raise ValueError(f"a colour of {entry.name} must be #RRGGBB, got {colour!r}")
