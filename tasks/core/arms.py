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
