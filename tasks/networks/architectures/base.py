"""What every architecture offers: a group's canvas in training, a whole scan's in prediction."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tasks.core import StrictModel
from tasks.core.geometry.patches import Window
from tasks.networks.exposures import Exposures
from tasks.networks.physics import ComplexPair, Tensor

# A `tasks.networks.canvas_network.CanvasNetwork`, which only what has loaded Keras can name.
Network = Any

Channels = Annotated[
    tuple[Annotated[int, Field(ge=1, le=1024)], ...], Field(min_length=2, max_length=3)
]


class Canvases(NamedTuple):
    """What a network makes of a group, the final result last.

    Attributes:
        objects: Object after each pass as (real, imaginary), each (H, W).
        intensities: Intensity that each object predicts [photons / px], zero frequency first,
            shape (J, N, N).
    """

    objects: list[ComplexPair]
    intensities: list[Tensor]


class Workload(NamedTuple):
    """What a network computes for one group, for the record of its cost.

    Attributes:
        models: Each functional model, the shape of its input and how often it is called.
        transforms: Fourier transforms of N x N pixels, for each mode of the probe.
    """

    models: Sequence[tuple[Any, tuple[int, ...], int]]
    transforms: int


class Architecture(StrictModel, ABC):
    """Kind and sizes of a network, as forms show and records keep them, and how it computes.

    Weights belong to the network, which every method is given. Keras is imported as late as
    `tasks.networks.physics` does.
    """

    # Whether batches carry an initial guess to refine (`tasks.networks.initial_guess`) or zero.
    needs_initial_guess: ClassVar[bool] = False

    kind: str

    @property
    def n_passes(self) -> int:
        """Number of objects that a call returns."""
        return 1

    @abstractmethod
    def add_layers(self, network: Network, seed: int) -> None:
        """Give a new network its layers and weights."""

    @abstractmethod
    def reconstruct_group(self, network: Network, inputs: Mapping[str, Tensor]) -> Canvases:
        """Reconstruct one group from its `network_inputs`."""

    @abstractmethod
    def reconstruct_scan(
        self,
        network: Network,
        exposures: Exposures,
        canvas: tuple[Window, NDArray[np.complex64]],
        chunk_size: int,
        after_pass: Callable[[int], None],
    ) -> NDArray[np.complex64]:
        """Reconstruct a whole scan; window and initial guess, and the rest as `predict_canvas`."""

    @abstractmethod
    def workload(
        self, network: Network, n_patterns: int, canvas_shape: tuple[int, int]
    ) -> Workload:
        """Return what a call computes for patterns of a group on their canvas (H, W)."""


class Choice(NamedTuple):
    """An option for the architecture of a run: its name, kind and sizes, and what it is."""

    name: str
    sizes: Architecture
    meaning: str
