"""The catalogue of architectures: each takes a group's counts to its object, on one canvas.

A new one is one file with its network, and here the class that says its kind, its sizes and how it
is built, with one line of `ARCHITECTURES`. Nothing here loads Keras, so that forms and plans can
show what there is; a network's own module must not import this one.
"""

from abc import ABC, abstractmethod
from enum import StrEnum
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from tasks.networks.architectures.base import CanvasNetwork
    from tasks.networks.exposures import InputGeometry

Channels = Annotated[
    tuple[Annotated[int, Field(ge=1, le=1024)], ...], Field(min_length=2, max_length=3)
]


class Architecture(BaseModel, ABC):
    """Kind and sizes of a network: what a form shows and the record of a model keeps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str

    @abstractmethod
    def build(self, geometry: "InputGeometry", seed: int) -> "CanvasNetwork":
        """Return a new network.

        Args:
            geometry: Size of the patterns and of the probe's dark rim.
            seed: Seed of its initial weights.
        """


class UnrolledArchitecture(Architecture):
    """A few physics passes on the group's canvas, each corrected by one shared U-Net."""

    kind: Literal["unrolled"] = "unrolled"
    passes: int = Field(2, ge=1, le=50, description="Physics passes that share one U-Net")
    channels: Channels = Field((32, 48, 64), description="Channels of the U-Net's levels")

    def build(self, geometry: "InputGeometry", seed: int) -> "CanvasNetwork":
        """Return a new network; arguments as of `Architecture`."""
        from tasks.networks.architectures.unrolled import UnrolledNetwork

        return UnrolledNetwork(self.passes, self.channels, geometry, seed)


class PatchArchitecture(Architecture):
    """One U-Net that sees a single pattern; the patches of a group are averaged by their light."""

    kind: Literal["patch"] = "patch"
    channels: Channels = Field((32, 48, 64), description="Channels of the U-Net's levels")

    def build(self, geometry: "InputGeometry", seed: int) -> "CanvasNetwork":
        """Return a new network; arguments as of `Architecture`."""
        from tasks.networks.architectures.patch import PatchNetwork

        return PatchNetwork(self.channels, geometry, seed)


class ClassicArchitecture(Architecture):
    """PtychoNN: one encoder and two decoders, for amplitude and phase, per image of a group."""

    kind: Literal["classic"] = "classic"
    gridsize: Literal[1, 2] = Field(
        1, description="Patterns in an image are gridsize squared: one, or four neighbours"
    )
    channels: Channels = Field((16, 32, 64), description="Channels of the encoder's blocks")

    def build(self, geometry: "InputGeometry", seed: int) -> "CanvasNetwork":
        """Return a new network; arguments as of `Architecture`."""
        from tasks.networks.architectures.classic import ClassicNetwork

        return ClassicNetwork(self.gridsize, self.channels, geometry, seed)


class Choice(NamedTuple):
    """What can be chosen as the architecture of a run.

    Attributes:
        name: Its name as an option.
        sizes: Kind and sizes.
        meaning: What it is, in a few words.
    """

    name: str
    sizes: Architecture
    meaning: str


def by_name(*choices: Choice) -> dict[str, Choice]:
    """Return choices by their names.

    Raises:
        ValueError: If a name stands for two, or two classes are of one kind.
    """
    found: dict[str, Choice] = {}
    kinds: dict[str, type[Architecture]] = {}
    for choice in choices:
        kind, sizes = choice.sizes.kind, type(choice.sizes)
        if choice.name in found or kinds.setdefault(kind, sizes) is not sizes:
            raise ValueError(
                f"The architecture {choice.name!r} of {sizes.__name__} has the name or the kind "
                f"({kind!r}) of another. Give it its own in {__name__}."
            )
        found[choice.name] = choice
    return found


# In the order of forms and tables; the first is the default.
ARCHITECTURES = by_name(
    Choice("unrolled", UnrolledArchitecture(), "physics passes with a U-Net on the canvas"),
    Choice("patch", PatchArchitecture(), "a U-Net per pattern"),
    Choice("classic", ClassicArchitecture(), "PtychoNN-like, of one pattern"),
    Choice("classic_of_four", ClassicArchitecture(gridsize=2), "PtychoNN-like, of four neighbours"),
)

if TYPE_CHECKING:
    AnyArchitecture = Architecture

    class NetworkKind(StrEnum):
        """Name of one of `ARCHITECTURES`."""
else:
    AnyArchitecture = Annotated[
        reduce(or_, (type(choice.sizes) for choice in ARCHITECTURES.values())),
        Field(discriminator="kind"),
    ]
    NetworkKind = StrEnum("NetworkKind", {name.upper(): name for name in ARCHITECTURES})
    NetworkKind.__doc__ = "Architecture that PtychoPINN and the Baseline share."
