"""Sizes of the architectures: what a form shows and a model's contract keeps. Keras-free."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Channels = Annotated[
    tuple[Annotated[int, Field(ge=1, le=1024)], ...], Field(min_length=2, max_length=3)
]


class UnrolledArchitecture(BaseModel):
    """A few physics passes on the group's canvas, each corrected by one shared U-Net."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["unrolled"] = "unrolled"
    passes: int = Field(2, ge=1, le=50, description="Physics passes that share one U-Net")
    channels: Channels = Field((32, 48, 64), description="Channels of the U-Net's levels")


class PatchArchitecture(BaseModel):
    """One U-Net that sees a single pattern; the patches of a group are averaged by their light."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["patch"] = "patch"
    channels: Channels = Field((32, 48, 64), description="Channels of the U-Net's levels")


class ClassicArchitecture(BaseModel):
    """PtychoNN: one encoder and two decoders, for amplitude and phase, per image of a group."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["classic"] = "classic"
    gridsize: Literal[1, 2] = Field(
        1, description="Patterns in an image are gridsize squared: one, or four neighbours"
    )
    channels: Channels = Field((16, 32, 64), description="Channels of the encoder's blocks")


Architecture = Annotated[
    UnrolledArchitecture | PatchArchitecture | ClassicArchitecture, Field(discriminator="kind")
]
