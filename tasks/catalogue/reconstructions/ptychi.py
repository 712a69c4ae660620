"""PtyChi: the package pty-chi, an iterative solver from a flat object."""

from collections.abc import Sequence

from tasks.catalogue.reconstruction import Planner, Reconstruction, Role, StageRole, Step
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageCall


class PtyChi(Reconstruction):
    """pty-chi with settings that follow from dose and overlap."""

    def stages(self, planner: Planner, split: Split) -> Sequence[Step]:
        """Return the one stage."""
        return (Step(StageRole.RECONSTRUCT, planner.iteration(self.name, split)),)

    def half_stage(self, planner: Planner, split: Split, half: str) -> StageCall | None:
        """Return the stage of one half."""
        return planner.iteration(self.name, split, half)


RECONSTRUCTION = PtyChi(
    name="PtyChi",
    role=Role.ARM,
    description="the iterative solver pty-chi, from a flat object",
    converges=True,
    colour="#009E73",
    dark_colour="#2DC79A",
)
