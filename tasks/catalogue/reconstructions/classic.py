"""ePIE, RAAR and DM: classic algorithms of the package pty-chi, as published.

They are there to be compared with, for runs that name them. PtyChi's additions, acceleration and
smoothing, are not theirs; settings were chosen for each (docs/iterative_solver.md). ePIE: Maiden &
Rodenburg, Ultramicroscopy 109, 1256 (2009). RAAR: Luke, Inverse Problems 21, 37 (2005). DM:
Thibault et al., Science 321, 379 (2008), and Ultramicroscopy 109, 338 (2009).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.catalogue.reconstruction import Planner, Reconstruction, Role, StageRole, Step
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageCall


@dataclass(frozen=True, kw_only=True)
class ClassicSolver(Reconstruction):
    """An algorithm of pty-chi with settings of its own, from a flat object.

    Attributes:
        algorithm: Its name among the parameters of the stage.
    """

    algorithm: str

    def stages(self, planner: Planner, split: Split) -> Sequence[Step]:
        """Return the one stage."""
        call = planner.iteration(self.name, split, algorithm=self.algorithm)
        return (Step(StageRole.RECONSTRUCT, call),)

    def half_stage(self, planner: Planner, split: Split, half: str) -> StageCall | None:
        """Return the stage of one half."""
        return planner.iteration(self.name, split, half, self.algorithm)


RECONSTRUCTION = (
    ClassicSolver(
        name="ePIE",
        role=Role.ARM,
        description="the extended ptychographic iterative engine, from a flat object",
        algorithm="epie",
        converges=True,
        by_default=False,
        colour="#8C564B",
        dark_colour="#C49C94",
    ),
    ClassicSolver(
        name="RAAR",
        role=Role.ARM,
        description="relaxed averaged alternating reflections, from a flat object",
        algorithm="raar",
        converges=True,
        by_default=False,
        colour="#6A3D9A",
        dark_colour="#B79BE0",
    ),
    ClassicSolver(
        name="DM",
        role=Role.ARM,
        description="the difference map, from a flat object, stopped before it drifts away",
        algorithm="dm",
        by_default=False,
        colour="#7A7A00",
        dark_colour="#C9C93A",
    ),
)
