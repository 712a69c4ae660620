"""Refined networks: a few epochs of pty-chi from what a network has found."""

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.catalogue.reconstruction import (
    LearnsFrom,
    Planner,
    Reconstruction,
    Role,
    RunOptions,
    StageRole,
    Step,
    TrainedNetwork,
)
from tasks.catalogue.reconstructions.baseline import RECONSTRUCTION as BASELINE
from tasks.catalogue.reconstructions.ptychopinn import RECONSTRUCTION as PTYCHOPINN
from tasks.core.study.seeds import Split


@dataclass(frozen=True, kw_only=True)
class Refined(Reconstruction):
    """A network's object, refined."""

    network: TrainedNetwork

    def is_wanted(self, options: RunOptions, split: Split) -> bool:
        """Tell whether refinement is asked for."""
        del split
        return options.refine > 0

    def stages(self, planner: Planner, split: Split) -> Sequence[Step]:
        """Return training, prediction and refinement."""
        training = planner.training(self.network)
        name = self.network.name
        start = planner.prediction(name, split, training[-1].call)
        return (
            *training,
            Step(StageRole.START, start),
            Step(StageRole.REFINE, planner.refinement(self.name, name, split, start)),
        )


RECONSTRUCTION = (
    Refined(
        name="PtychoPINN-refined",
        role=Role.VARIANT,
        description="a few epochs of pty-chi from PtychoPINN's object",
        learns_from=LearnsFrom.DIFFRACTION,
        network=PTYCHOPINN,
        follows=(PTYCHOPINN.name,),
        colour="#CC79A7",
        dark_colour="#E5A9CC",
    ),
    Refined(
        name="Baseline-refined",
        role=Role.VARIANT,
        description="a few epochs of pty-chi from the Baseline's object",
        learns_from=LearnsFrom.LABELS,
        network=BASELINE,
        follows=(BASELINE.name,),
        colour="#E69F00",
        dark_colour="#F5BE41",
    ),
)
