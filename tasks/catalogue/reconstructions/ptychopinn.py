"""PtychoPINN: a physics-informed network, trained on diffraction patterns alone."""

from tasks.catalogue.reconstruction import LearnsFrom, Role, TrainedNetwork

RECONSTRUCTION = TrainedNetwork(
    name="PtychoPINN",
    role=Role.ARM,
    description="a network trained on diffraction patterns alone",
    learns_from=LearnsFrom.DIFFRACTION,
    colour="#0072B2",
    dark_colour="#4AA3DF",
)
