"""What is left of a solver that diverged."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.core.files.object_file import ObjectWindow, write_object
from tasks.reconstruct.solver_settings import SolverSettings


@dataclass
class DivergedError(FloatingPointError):
    """The loss or the object of an epoch is not finite.

    Attributes:
        settings: What the solver was run with.
        losses: Loss of every epoch, the last one bad.
        last_good: Object after the last epoch whose loss and object are finite.
    """

    settings: SolverSettings
    losses: list[float]
    last_good: ObjectWindow

    def __str__(self) -> str:
        """Say what happened, with what, and the cure."""
        return (
            f"pty-chi diverged: the loss of epoch {len(self.losses)} is {self.losses[-1]:.4g} and "
            f"loss or object are not finite, the last good epoch was {len(self.losses) - 1} with "
            f"{self.settings}. Lower batch_size or switch accelerate off."
        )

    def keep(self, reconstruction: Path) -> FloatingPointError:
        """Write what is good beside the output that will not be, and name it in the message."""
        path = reconstruction.with_name(f"{reconstruction.stem}_diverged.h5")
        facts: dict[str, Any] = {
            "settings": self.settings.facts,
            "losses": [str(loss) for loss in self.losses],
            "last_good_epoch": len(self.losses) - 1,
        }
        write_object(path, ObjectWindow(self.last_good.object_, self.last_good.origin_px, facts))
        return FloatingPointError(f"{self} The last good object and its settings: {path.name}")
