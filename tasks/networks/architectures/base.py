"""What every architecture offers: a group's canvas in training, a whole scan's in prediction."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from tasks.core.geometry.patches import Window
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.networks.physics import ComplexPair, Tensor


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

    models: Sequence[tuple[keras.Model, tuple[int, ...], int]]
    transforms: int


class CanvasNetwork(keras.Model, ABC):  # type: ignore[misc]  # Keras is not typed
    """Counts, probe and positions of neighbouring patterns in, their object out.

    Attributes:
        needs_initial_guess: Whether it refines one (`tasks.networks.initial_guess`), which
            batches then carry; otherwise `initial_real` and `initial_imaginary` are zero.
        passes: Number of objects that a call returns.
        geometry: What it is built for.
    """

    needs_initial_guess: bool = False
    passes: int = 1
    geometry: InputGeometry

    def __init__(self, name: str) -> None:
        # The physics of a network is in float32, whatever its layers compute in.
        super().__init__(name=name, dtype="float32")

    @abstractmethod
    def call(self, inputs: Mapping[str, Tensor]) -> Canvases:
        """Reconstruct one group from its `network_inputs`."""

    @abstractmethod
    def predict_canvas(
        self,
        exposures: Exposures,
        canvas: Window,
        initial_guess: NDArray[np.complex64],
        chunk_size: int,
        after_pass: Callable[[int], None],
    ) -> NDArray[np.complex64]:
        """Reconstruct a whole scan, some patterns at a time.

        Args:
            exposures: The scan.
            canvas: Window of the object's frame that holds every patch.
            initial_guess: On the canvas, shape (H, W); zero where it is not needed.
            chunk_size: Patterns at a time; no more are in memory.
            after_pass: Told the number of finished passes, of `passes`.

        Returns:
            Object, shape (H, W); neither the order of the patterns nor the chunk size matters
            beyond rounding.
        """

    @abstractmethod
    def workload(self, n_patterns: int, canvas_shape: tuple[int, int]) -> Workload:
        """Return what a call computes.

        Args:
            n_patterns: Patterns of the group.
            canvas_shape: Shape (H, W) of its canvas.
        """
