"""The Baseline: the same network as PtychoPINN's, trained on true objects."""

from tasks.catalogue.reconstruction import LearnsFrom, Role, TrainedNetwork
from tasks.catalogue.reconstructions.ptychi import RECONSTRUCTION as PTYCHI

RECONSTRUCTION = TrainedNetwork(
    name="Baseline",
    role=Role.ARM,
    description="the same network, trained on true objects or other labels",
    learns_from=LearnsFrom.LABELS,
    labeller=PTYCHI,
    colour="#D55E00",
    dark_colour="#F58A4B",
)
