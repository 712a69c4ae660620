"""NoNetwork: the networks' first guess and projections, without a network.

What a network adds to its physics is the difference to these controls. One makes as many passes as
a network, the other five times as many. A run without a network has neither.
"""

from collections.abc import Sequence

from tasks.catalogue.reconstruction import Planner, Reconstruction, Role, StageRole, Step
from tasks.catalogue.reconstructions.baseline import RECONSTRUCTION as BASELINE
from tasks.catalogue.reconstructions.ptychopinn import RECONSTRUCTION as PTYCHOPINN
from tasks.core.study.seeds import Split

NAMES = ("NoNetwork", "NoNetwork5x")
NETWORKS = (PTYCHOPINN.name, BASELINE.name)


class NoNetwork(Reconstruction):
    """Both come from one stage."""

    def stages(self, planner: Planner, split: Split) -> Sequence[Step]:
        """Return the one stage."""
        return (Step(StageRole.RECONSTRUCT, planner.projection(NAMES, split)),)


RECONSTRUCTION = (
    NoNetwork(
        name=NAMES[0],
        role=Role.CONTROL,
        description="the networks' physics without a network",
        follows=NETWORKS,
        colour="#000000",
        dark_colour="#FFFFFF",
        ready_fact="same_s",
    ),
    NoNetwork(
        name=NAMES[1],
        role=Role.CONTROL,
        description="the networks' physics without a network, five times as long",
        follows=NETWORKS,
        colour="#7F7F7F",
        dark_colour="#A9A9A9",
        ready_fact="longer_s",
    ),
)
