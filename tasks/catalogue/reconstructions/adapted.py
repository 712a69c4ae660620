"""PtychoPINN-adapted: PtychoPINN, fine-tuned without labels on the scan that it reconstructs."""

from collections.abc import Sequence

from tasks.catalogue.reconstruction import (
    LearnsFrom,
    Planner,
    Reconstruction,
    Role,
    RunOptions,
    StageRole,
    Step,
)
from tasks.catalogue.reconstructions.ptychopinn import RECONSTRUCTION as PTYCHOPINN
from tasks.core.study.seeds import Split


class Adapted(Reconstruction):
    """The fine-tuned network; the test scan alone, since the training scan is known to it."""

    def is_wanted(self, options: RunOptions, split: Split) -> bool:
        """Tell whether fine-tuning is asked for, and this is the test scan."""
        return options.adapt_steps > 0 and split is Split.TEST

    def stages(self, planner: Planner, split: Split) -> Sequence[Step]:
        """Return training, fine-tuning and prediction."""
        training = planner.training(PTYCHOPINN)
        adaptation = planner.adaptation(training[-1].call, split)
        return (
            *training,
            Step(StageRole.ADAPT, adaptation),
            Step(StageRole.RECONSTRUCT, planner.prediction(self.name, split, adaptation)),
        )


RECONSTRUCTION = Adapted(
    name="PtychoPINN-adapted",
    role=Role.VARIANT,
    description="PtychoPINN, fine-tuned without labels on the test scan",
    learns_from=LearnsFrom.DIFFRACTION,
    follows=(PTYCHOPINN.name,),
    colour="#56B4E9",
    dark_colour="#A6DCFF",
)
