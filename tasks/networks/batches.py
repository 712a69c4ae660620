"""What a network is given: patterns of a group on their own canvas, ready for the FFT."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.core.geometry.patches import Window, patch_corners, place_patches, scan_box
from tasks.core.physics.probe import probe_intensity
from tasks.networks.exposures import Exposures, intensity_of, zero_frequency_first

CANVAS_MULTIPLE = 8
DARK = 0.01


def canvas_of(
    positions_px: NDArray[np.floating], n_px: int, shape: tuple[int, int] | None = None
) -> Window:
    """Return the canvas of some absolute positions: a window that holds every patch.

    Args:
        positions_px: Absolute positions (y, x) [px], shape (J, 2).
        n_px: Side of a patch [px].
        shape: Shape to use; by default the smallest whose sides are multiples of 8.
    """
    box = scan_box(positions_px, n_px)
    if shape is None:
        height, width = (-(-side // CANVAS_MULTIPLE) * CANVAS_MULTIPLE for side in box.shape)
        shape = height, width
    return Window(box.corner_px, shape)


@dataclass(frozen=True)
class Batch:
    """Patterns on their canvas; detector in the order of the FFT, zero frequency at [0, 0].

    Attributes:
        counts: Photons that the network sees, float32, shape (J, N, N).
        good: 1 where the detector counts, 0 elsewhere, float32, shape (N, N).
        probe: Modes at every position as (real, imaginary) [sqrt(photons)], each (M, J, N, N).
        indices: Pixels of every patch in the flattened canvas, int32, shape (J, N, N).
        initial_guess: Object to refine as (real, imaginary), each (H, W).
        normaliser: 1 / (illumination + a hundredth of its maximum), shape (H, W).
        coverage: Illumination over the probe's brightest pixel, shape (H, W).
    """

    counts: NDArray[np.float32]
    good: NDArray[np.float32]
    probe: tuple[NDArray[np.float32], NDArray[np.float32]]
    indices: NDArray[np.int32]
    initial_guess: tuple[NDArray[np.float32], NDArray[np.float32]]
    normaliser: NDArray[np.float32]
    coverage: NDArray[np.float32]

    def as_inputs(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays by the names that the network takes."""
        return {
            "counts": self.counts,
            "good": self.good,
            "probe_real": self.probe[0],
            "probe_imaginary": self.probe[1],
            "indices": self.indices,
            "initial_real": self.initial_guess[0],
            "initial_imaginary": self.initial_guess[1],
            "normaliser": self.normaliser,
            "coverage": self.coverage,
        }


def as_pair(
    field: NDArray[np.complexfloating],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a complex array as single-precision (real, imaginary)."""
    return field.real.astype(np.float32), field.imag.astype(np.float32)


def flat_indices(
    positions_px: NDArray[np.floating], n_px: int, shape: tuple[int, int]
) -> NDArray[np.int32]:
    """Return where each pixel of each patch lies in the flattened canvas.

    Args:
        positions_px: Positions (y, x) in the frame of the canvas [px], shape (J, 2).
        n_px: Side N of a patch [px], even.
        shape: Shape (H, W) of the canvas.

    Returns:
        Indices into H * W pixels, shape (J, N, N).

    Raises:
        ValueError: If a patch leaves the canvas.
    """
    corners = patch_corners(positions_px, n_px, shape)
    pixels = np.arange(n_px)
    rows = corners[:, :1] + pixels
    columns = corners[:, 1:] + pixels
    return (rows[:, :, None] * shape[1] + columns[:, None, :]).astype(np.int32)


def make_batch(
    exposures: Exposures,
    indices: NDArray[np.intp],
    canvas: Window,
    initial_guess: NDArray[np.complexfloating],
) -> Batch:
    """Prepare some exposures for a network.

    Args:
        exposures: The scan.
        indices: Which exposures, shape (J,).
        canvas: Window that holds every patch.
        initial_guess: Object on the canvas to start from, shape (H, W).

    Returns:
        The batch.

    Raises:
        ValueError: If a patch leaves the canvas.
    """
    inside = canvas.inside(exposures.positions_px[indices])
    probes = exposures.probes(indices)
    intensity = intensity_of(probes)
    illumination = place_patches(intensity, inside, canvas.shape)
    return Batch(
        counts=exposures.counts(indices),
        good=zero_frequency_first(exposures.good_pixels),
        probe=as_pair(probes),
        indices=flat_indices(inside, exposures.n_px, canvas.shape),
        initial_guess=as_pair(initial_guess),
        normaliser=(1 / (illumination + DARK * illumination.max())).astype(np.float32),
        coverage=(illumination / probe_intensity(exposures.probe_modes).max()).astype(np.float32),
    )
