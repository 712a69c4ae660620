"""Physics passes before the network: fast projections over a whole scan, nothing learned.

* A *sequential* sweep takes patterns that hardly touch each other together, one such subset after
  another, each from the object that the subsets before it left: the order of ePIE (Maiden &
  Rodenburg, Ultramicroscopy 109, 1256 (2009)) with its regularised step (Maiden, Johnson & Li,
  Optica 4, 736 (2017)). Phase travels across the scan far faster than by averaging.
* A *simultaneous* pass averages the projections of all patterns, which averages their noise.

Both share Nesterov's `momentum`. Neither hears of the longest waves of the phase: an error that
hardly bends within a probe changes patterns by a small shift alone. That shift is estimated
(`missing_gradients`), integrated, and put right at once (`Sweeper.turn`). Subsets follow from the
positions alone, so the order of the patterns does not matter.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, zoom

from tasks.core.geometry.patches import Window, place_patches, scan_box
from tasks.networks.exposures import Exposures, zero_frequency_first
from tasks.networks.initial_guess.gradients import integrate_gradient, missing_gradients
from tasks.networks.projections import PhysicsPass, light_of, project

CHUNK = 64
LARGEST_PERIOD = 4
TILE_PERIODS = 8
STEP_REGULARISER = 0.1
LARGEST_MOMENTUM = 0.9
COARSE_PX = 4
SHORTEST_WAVE_STEPS = 1.5
DIM_FRACTION = 0.2


def momentum(number: int) -> float:
    """Return how far a pass goes on along the last change, after pass `number` (from 1)."""
    return min(LARGEST_MOMENTUM, (number - 1) / (number + 2))


def far_subsets(
    positions_px: NDArray[np.floating], step_px: float, period: int
) -> list[NDArray[np.intp]]:
    """Return subsets of exposures that are `period` steps apart, tile by tile; each is in one.

    Positions (y, x) [px], shape (J, 2), fall into cells of the typical step of neighbours [px]; the
    cells of a subset share their row and their column modulo the period, within one tile of cells.
    """
    cells = np.floor((positions_px - positions_px.min(axis=0)) / step_px).astype(np.intp)
    tiles, within = cells // (period * TILE_PERIODS), cells % period
    keys = np.column_stack([tiles, within])
    _, numbers = np.unique(keys, axis=0, return_inverse=True)
    numbers = numbers.ravel()
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)


@dataclass(frozen=True)
class SweepStep:
    """One subset of a sequential sweep.

    Attributes:
        subset: Scan indices.
        place: Where their patches lie in the canvas.
        window: The same in the frame of the object.
        normaliser: 1 / (a tenth of the brightest light + nine tenths of the light), (h, w).
    """

    subset: NDArray[np.intp]
    place: tuple[slice, slice]
    window: Window
    normaliser: NDArray[np.float32]

    @classmethod
    def of(cls, exposures: Exposures, canvas: Window, subset: NDArray[np.intp]) -> "SweepStep":
        """Prepare the step of a subset."""
        window = scan_box(exposures.positions_px[subset], exposures.n_px)
        row, column = np.subtract(window.corner_px, canvas.corner_px).tolist()
        light = np.zeros(window.shape, dtype=np.float32)
        for part in _split(subset):
            light += light_of(exposures, window, part)
        step = STEP_REGULARISER * light.max() + np.float32(1 - STEP_REGULARISER) * light
        place = np.s_[row : row + window.shape[0], column : column + window.shape[1]]
        return cls(subset, place, window, np.asarray(1 / step))


@dataclass(frozen=True)
class Sweeper:
    """Passes over one scan, whose neighbours typically lie a step [px] apart."""

    exposures: Exposures
    canvas: Window
    physics: PhysicsPass
    steps: list[SweepStep]
    step_px: float

    @classmethod
    def of(cls, exposures: Exposures, canvas: Window, step_px: float, period: int) -> "Sweeper":
        """Prepare the passes of a scan; step and period as in `far_subsets`."""
        subsets = far_subsets(exposures.positions_px, step_px, period)
        steps = [SweepStep.of(exposures, canvas, subset) for subset in subsets]
        return cls(exposures, canvas, PhysicsPass.of(exposures, canvas, CHUNK), steps, step_px)

    def sequential(
        self, object_: NDArray[np.complex64], straighten: bool
    ) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
        """Sweep over all subsets once, from an object of shape (H, W).

        Returns:
            The object after the sweep, and the turn exp(i phi) to multiply it by, both (H, W): that
            which puts the long waves of the phase right if it is asked for.
        """
        swept = object_.copy()
        gradients = np.zeros((len(self.exposures), 2))
        good = zero_frequency_first(self.exposures.good_pixels)
        for step in self.steps:
            total = np.zeros(step.window.shape, dtype=np.complex64)
            for part in _split(step.subset):
                found = project(self.exposures, step.window, part, swept[step.place], straighten)
                total += found.total
                if straighten:
                    gradients[part] = missing_gradients(found, good)
            swept[step.place] += step.normaliser * total
        return swept, self.turn(gradients)

    def turn(self, gradients: NDArray[np.float64]) -> NDArray[np.complex64]:
        """Return exp(i phi), (H, W), for the long waves of the phase that lacks some gradients.

        The gradients that are missing under each probe are in rad / px, shape (J, 2).
        """
        if not gradients.any():
            return np.ones(self.canvas.shape, dtype=np.complex64)
        # Both slopes at once: along y as the real part, along x as the imaginary one.
        field = np.zeros(self.canvas.shape, dtype=np.complex64)
        for part in self.exposures.chunks(CHUNK):
            slopes = (gradients[part, 0] + 1j * gradients[part, 1]).astype(np.complex64)
            weighted = self.exposures.probe_light(part) * slopes[:, None, None]
            inside = self.canvas.inside(self.exposures.positions_px[part])
            field += place_patches(weighted, inside, self.canvas.shape)
        light = _binned(self.physics.illumination)
        bins = np.stack([_binned(field.real), _binned(field.imag)])
        slope_map = bins / np.maximum(light, 1e-6 * light.max())
        confidence = light / (light + DIM_FRACTION * light.max())
        phase = integrate_gradient(COARSE_PX * slope_map, confidence)
        phase = gaussian_filter(phase, SHORTEST_WAVE_STEPS * self.step_px / COARSE_PX)
        fine = zoom(phase, COARSE_PX, order=1, mode="nearest", grid_mode=True)
        return np.asarray(np.exp(1j * fine), dtype=np.complex64)


def _split(subset: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    for start in range(0, len(subset), CHUNK):
        yield subset[start : start + CHUNK]


def _binned(image: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the means of blocks of pixels; the canvas is a multiple of a block."""
    height, width = image.shape
    blocks = image.reshape(height // COARSE_PX, COARSE_PX, width // COARSE_PX, COARSE_PX)
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float64)
