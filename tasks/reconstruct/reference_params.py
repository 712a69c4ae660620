"""Parameters of the reference: pty-chi with the probe refined, on a whole measured scan."""

from pydantic import BaseModel, ConfigDict, Field

from tasks.core.study.device import Device


class ReferenceOptions(BaseModel):
    """How probe and reference of a measured scan are found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_modes: int | None = Field(
        3,
        ge=1,
        le=15,
        description="Incoherent modes of the probe; those that the scan lacks begin as weak "
        "Hermite-Gauss-like ones; none: as many as the scan has",
    )
    probe_epochs: int = Field(
        40, ge=2, le=10_000, description="Passes that refine the probe together with the object"
    )
    object_epochs: int | None = Field(
        None,
        ge=1,
        le=10_000,
        description="Passes for the object alone, with the refined probe and after those that "
        "refine it; none: as many as the iterative arm makes",
    )
    refine_positions: bool = Field(
        False, description="Refine the positions too, from a quarter of the passes on"
    )
    batch_size: int = Field(64, ge=1, le=4096, description="Patterns of one minibatch")


class ReferenceParams(ReferenceOptions):
    """The reference of one scan."""

    seed: int = Field(123, ge=0, description="Root seed of the order of minibatches")
    device: Device = Field(Device.AUTO, description="auto takes a GPU where there is one")
