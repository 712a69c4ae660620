"""How the networks of a run are trained: their budget, their size, and when training stops."""

from pathlib import Path
from typing import Annotated, Any, Self

from cyclopts import Parameter
from pydantic import Field, model_validator

from tasks.core import StrictModel
from tasks.networks.architectures import ARCHITECTURES, NetworkKind, UnrolledArchitecture
from tasks.networks.architectures.base import Architecture, Channels
from tasks.networks.architectures.unrolled import Passes
from tasks.train.params import BudgetS, LearningRate, Patience, Steps, ThinningFraction


class TrainingOptions(StrictModel):
    """Training of both networks; what is not set is as profile and architecture have it."""

    steps: Steps | None = Field(
        None, description="Optimiser steps of each network, a group each; none: the profile's"
    )
    budget_s: BudgetS | None = Field(
        None,
        description="Time to train each network [s], in place of steps; how many steps that are "
        "depends on the machine",
    )
    learning_rate: LearningRate | None = Field(
        None, description="Highest learning rate, after the warm-up; none: that of the stage"
    )
    thinning_fraction: ThinningFraction | None = Field(
        None,
        description="Share of the photons that PtychoPINN sees at a step, while the rest are its "
        "target; 1: no thinning; none: by the measured photons per pattern",
    )
    patience: Patience | None = Field(
        None,
        description="Validations without improvement after which training stops; none: that of "
        "the stage",
    )
    channels: Annotated[Channels | None, Parameter(consume_multiple=True)] = Field(
        None,
        description="Channels of the network's two or three levels; none: the architecture's",
    )
    passes: Passes | None = Field(
        None,
        title="Physics passes",
        description="Physics passes of the architecture unrolled, and of the control NoNetwork; "
        "none: the architecture's",
    )

    @model_validator(mode="after")
    def _one_budget(self) -> Self:
        if self.steps is not None and self.budget_s is not None:
            raise ValueError(
                f"A training has one budget, got steps={self.steps} and "
                f"budget_s={self.budget_s:g}. Leave one of them out."
            )
        return self

    def architecture(self, kind: NetworkKind) -> Architecture:
        """Return an architecture with the sizes that are set.

        Raises:
            ValueError: If it makes no passes, and their number is set.
        """
        usual = ARCHITECTURES[kind].sizes
        asked = {"channels": self.channels, "passes": self.passes}
        changes = {name: value for name, value in asked.items() if value is not None}
        unfit = [name for name in changes if name not in type(usual).model_fields]
        if unfit:
            raise ValueError(
                f"The architecture {kind.value} has no {' and no '.join(unfit)}. Leave "
                f"training.{unfit[0]} out, or choose another architecture."
            )
        return type(usual).model_validate(usual.model_dump() | changes)

    @property
    def n_passes(self) -> int:
        """Number of physics passes of the control without a network."""
        return self.passes or UnrolledArchitecture().passes

    @property
    def schedule(self) -> dict[str, Any]:
        """What is set of the schedule of a training, by the names of its stage."""
        asked = {
            "n_steps": self.steps,
            "budget_s": self.budget_s,
            "learning_rate": self.learning_rate,
            "patience": self.patience,
        }
        return {name: value for name, value in asked.items() if value is not None}


def refuse_idle_training(training: TrainingOptions, networks_from: Path | None) -> None:
    """Refuse (ValueError) a budget or schedule of a training that is not done."""
    asked = training.model_fields_set - {"channels", "passes"}
    unused = sorted(name for name in asked if getattr(training, name) is not None)
    if networks_from is not None and unused:
        raise ValueError(
            f"networks_from={networks_from} takes networks that are trained, so "
            f"training.{unused[0]} has no effect. Leave one of the two out."
        )
