"""The arms of the comparison, and their names in files that people read."""

from enum import Enum


class Arm(Enum):
    """A way to reconstruct; the value is its name in every table."""

    PTYCHOPINN = "PtychoPINN"
    BASELINE = "Baseline"
    PTYCHI = "PtyChi"

    @property
    def slug(self) -> str:
        """Name in paths and stages, lower case."""
        return self.value.lower()


NETWORK_ARMS = (Arm.PTYCHOPINN, Arm.BASELINE)


class Extra(Enum):
    """A reconstruction that has rows of its own in every table, and is no arm of the study."""

    ADAPTED = "PtychoPINN-adapted"
    PROJECTIONS = "NoNetwork"
    LONGER_PROJECTIONS = "NoNetwork5x"

    @property
    def slug(self) -> str:
        """Name in paths and stages, lower case."""
        return self.value.lower()
