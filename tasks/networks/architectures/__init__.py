"""The catalogue of architectures: each takes a group's counts to its object, on one canvas.

A new one is one file, whose class says kind, sizes and what it computes, and one line of
`ARCHITECTURES`. Nothing here loads Keras, so that forms and plans can show what there is.
"""

from enum import StrEnum
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from tasks.networks.architectures.base import Architecture, Choice
from tasks.networks.architectures.classic import ClassicArchitecture
from tasks.networks.architectures.patch import PatchArchitecture
from tasks.networks.architectures.unrolled import UnrolledArchitecture

__all__ = [
    "ARCHITECTURES",
    "AnyArchitecture",
    "Choice",
    "ClassicArchitecture",
    "NetworkKind",
    "PatchArchitecture",
    "UnrolledArchitecture",
    "by_name",
]


def by_name(*choices: Choice) -> dict[str, Choice]:
    """Return choices by their names.

    ValueError if a name stands for two, or two classes are of one kind.
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
