"""The arms of the comparison, and their names in files that people read."""

from enum import Enum


class Reconstruction(Enum):
    """Something with rows in every table; the value is its name there."""

    @property
    def slug(self) -> str:
        """Name in paths and stages, lower case."""
        return str(self.value).lower()


class Arm(Reconstruction):
    """A way to reconstruct that the study compares."""

    PTYCHOPINN = "PtychoPINN"
    BASELINE = "Baseline"
    PTYCHI = "PtyChi"


NETWORK_ARMS = (Arm.PTYCHOPINN, Arm.BASELINE)


class Extra(Reconstruction):
    """A reconstruction that has rows of its own, and is no arm of the study."""

    ADAPTED = "PtychoPINN-adapted"
    REFINED = "PtychoPINN-refined"
    REFINED_BASELINE = "Baseline-refined"
    PROJECTIONS = "NoNetwork"
    LONGER_PROJECTIONS = "NoNetwork5x"


RECONSTRUCTIONS: tuple[Reconstruction, ...] = (*Arm, *Extra)
