"""The architectures by their kind."""

from collections.abc import Callable
from typing import Any

from tasks.networks.architectures.base import CanvasNetwork
from tasks.networks.architectures.classic import ClassicNetwork
from tasks.networks.architectures.params import Architecture
from tasks.networks.architectures.patch import PatchNetwork
from tasks.networks.architectures.unrolled import UnrolledNetwork
from tasks.networks.exposures import Optics

NETWORKS: dict[str, Callable[[Any, Optics, int], CanvasNetwork]] = {
    "unrolled": UnrolledNetwork,
    "patch": PatchNetwork,
    "classic": ClassicNetwork,
}


def build_network(architecture: Architecture, optics: Optics, seed: int) -> CanvasNetwork:
    """Return a new network.

    Args:
        architecture: Kind and size.
        optics: Size of the patterns and of the probe's dark rim.
        seed: Seed of its initial weights.
    """
    return NETWORKS[architecture.kind](architecture, optics, seed)
