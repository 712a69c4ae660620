"""Parameters of a training."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tasks.core.study.device import Backend, Device, Precision
from tasks.networks.architectures import AnyArchitecture, UnrolledArchitecture


class TrainingParams(BaseModel):
    """One network, trained by one principle; only a budget in steps is repeatable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: str = Field("network", min_length=1, description="Name of the arm, for its records")
    learns_from: Literal["diffraction", "labels"] = Field(
        "diffraction", description="Principle: patterns alone, or a true object or other labels"
    )
    n_steps: int = Field(1000, ge=1, le=1_000_000, description="Optimiser steps, a group each")
    budget_s: float | None = Field(
        None,
        gt=0,
        le=1e7,
        description="Time to train [s], in place of n_steps; how many steps that are depends on "
        "the machine",
    )
    group_size: int = Field(16, ge=4, le=512, description="Neighbouring patterns seen together")
    learning_rate: float = Field(
        2e-3, gt=0, le=0.1, description="Highest learning rate, after the warm-up"
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
    thinning_fraction: float | None = Field(
        None,
        gt=0,
        le=1,
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
    patience: int = Field(
        8, ge=1, description="Validations without improvement after which training stops"
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
