"""Parameters of a training, and the schedule that follows from them, in steps or in seconds."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from tasks.core import StrictModel
from tasks.core.study.device import Backend, Device, Precision
from tasks.networks.architectures import AnyArchitecture, UnrolledArchitecture

Steps = Annotated[int, Field(ge=1, le=1_000_000)]
BudgetS = Annotated[float, Field(gt=0, le=1e7)]
LearningRate = Annotated[float, Field(gt=0, le=0.1)]
ThinningFraction = Annotated[float, Field(gt=0, le=1)]
Patience = Annotated[int, Field(ge=1)]
SECONDS_GRAIN = 0.005
VALIDATION_SHARE = 0.05
MIN_STEPS_BETWEEN_VALIDATIONS = 20


class TrainingParams(StrictModel):
    """One network, trained by one principle; only a budget in steps is repeatable."""

    arm: str = Field("network", min_length=1, description="Name of the arm, for its records")
    learns_from: Literal["diffraction", "labels"] = Field(
        "diffraction", description="Principle: patterns alone, or a true object or other labels"
    )
    n_steps: Steps = Field(1000, description="Optimiser steps, a group each")
    budget_s: BudgetS | None = Field(
        None,
        description="Time to train [s], in place of n_steps; how many steps that are depends on "
        "the machine",
    )
    group_size: int = Field(16, ge=4, le=512, description="Neighbouring patterns seen together")
    learning_rate: LearningRate = Field(
        2e-3, description="Highest learning rate, after the warm-up"
    )
    warmup_fraction: float = Field(
        0.1, ge=0, lt=1, description="Share of the steps in which the learning rate rises"
    )
    weight_decay: float = Field(1e-4, ge=0, le=1, description="Decoupled weight decay of AdamW")
    clip_norm: float = Field(1.0, gt=0, description="Largest norm of the whole gradient")
    architecture: AnyArchitecture = Field(
        UnrolledArchitecture(), description="Kind and size of the network"
    )
    likelihood: Literal["poisson", "amplitude"] = Field(
        "poisson", description="How a prediction without labels is compared with the photons"
    )
    thinning_fraction: ThinningFraction | None = Field(
        None,
        description="Share of the photons that a network without labels sees at a step, while the "
        "rest are its target; 1 is no thinning, none decides by the measured photons per pattern",
    )
    holdout_fraction: float = Field(
        0.05,
        ge=0,
        le=0.5,
        description="Share of the exposures that is never learned from, and shows when training "
        "stops helping; 0 learns from all",
    )
    evaluate_every: int | None = Field(
        None,
        ge=1,
        description="Steps between two validations on the held-out exposures; none makes about "
        "twenty",
    )
    patience: Patience = Field(
        8, description="Validations without improvement after which training stops"
    )
    checkpoint_s: float = Field(
        60.0, ge=0, description="Time between two checkpoints, from which a killed training goes on"
    )
    seed: int = Field(123, ge=0, description="Root seed of weights, groups and thinning")
    device: Device = Field(
        Device.AUTO, description="Where to train; auto takes a GPU where there is one"
    )
    backend: Backend = Field(
        Backend.TENSORFLOW, description="Framework to run on; the weights fit both"
    )
    precision: Precision = Field(
        Precision.AUTO,
        description="Precision of the layers; auto takes bfloat16 where the hardware gains from it",
    )

    @model_validator(mode="after")
    def _only_counts_are_thinned(self) -> "TrainingParams":
        if self.learns_from == "labels" and self.thinning_fraction not in (None, 1.0):
            raise ValueError(
                f"The {self.arm} learns from labels, so its counts are not thinned: got "
                f"thinning_fraction={self.thinning_fraction}. Leave it out."
            )
        return self


def budget_share(params: TrainingParams, steps: int, elapsed_s: float) -> float:
    """Return the share of the budget that is spent; 1 or more when it is used up."""
    if params.budget_s is None:
        return steps / params.n_steps
    return elapsed_s / params.budget_s


def learning_rate(params: TrainingParams, share: float) -> float:
    """Return the rate at a share of the budget: a linear warm-up, then a cosine towards zero."""
    grain = SECONDS_GRAIN if params.budget_s is not None else 1 / params.n_steps
    warmup = params.warmup_fraction
    if params.budget_s is None:
        warmup = round(warmup * params.n_steps) / params.n_steps
    if share < warmup - grain / 2:
        return params.learning_rate * (share + grain) / (warmup + grain)
    falling = 0.5 + 0.5 * float(np.cos(np.pi * (share - warmup) / (1 - warmup)))
    return params.learning_rate * falling


def is_validation_due(
    params: TrainingParams, steps_since: int, share_since: float, is_last: bool
) -> bool:
    """Tell whether a validation follows a step, given steps and budget share since the last.

    By default about twenty times a training, but never so often that it costs more than a few
    percent of the time; always when the budget is used up.
    """
    if is_last:
        return True
    if params.evaluate_every is not None:
        return steps_since >= params.evaluate_every
    is_spent = share_since >= VALIDATION_SHARE * (1 - 1e-9)
    return is_spent and steps_since >= MIN_STEPS_BETWEEN_VALIDATIONS
