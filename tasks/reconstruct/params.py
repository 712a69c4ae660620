"""Parameters of the iterative arm."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from tasks.core.device import Device


class NoiseModel(StrEnum):
    """Statistics that the solver assumes of a detector pixel."""

    GAUSSIAN = "gaussian"
    POISSON = "poisson"


class PtyChiParams(BaseModel):
    """pty-chi's LSQML from a flat object, the probe known; None lets dose and overlap decide."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_epochs: int | None = Field(
        None, ge=1, le=10_000, description="Passes over all patterns; None: by the overlap"
    )
    batch_size: int = Field(64, ge=1, le=4096, description="Patterns of one minibatch")
    noise_model: NoiseModel | None = Field(
        None, description="gaussian or poisson; None: by the dose"
    )
    accelerate: bool = Field(True, description="Nesterov's acceleration between epochs")
    total_variation_weight: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Strength of the smoothing after each epoch, 0 for none; None: by the dose",
    )
    seed: int = Field(123, ge=0, description="Root seed of the order of minibatches")
    device: Device = Field(Device.AUTO, description="auto takes a GPU where there is one")
