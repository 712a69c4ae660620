"""What a network is given: patterns of a group on their own canvas, ready for the FFT."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.geometry.patches import Window, patch_corners, place_patches, scan_box
from tasks.core.physics.probe import probe_intensity
from tasks.networks.exposures import Exposures, intensity_of, zero_frequency_first

CANVAS_MULTIPLE = 8
DARK = 0.01

NetworkInputs = dict[str, NDArray[Any]]


def canvas_of(
    positions_px: NDArray[np.floating], n_px: int, shape: tuple[int, int] | None = None
) -> Window:
    """Return the canvas of absolute positions (J, 2) [px]: a window that holds every patch.

    Its shape is the smallest whose sides are multiples of 8, unless one is given.
    """
    box = scan_box(positions_px, n_px)
    if shape is None:
        height, width = (-(-side // CANVAS_MULTIPLE) * CANVAS_MULTIPLE for side in box.shape)
        shape = height, width
    return Window(box.corner_px, shape)


def as_pair(
    field: NDArray[np.complexfloating],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return a complex array as single-precision (real, imaginary)."""
    return field.real.astype(np.float32), field.imag.astype(np.float32)


def flat_indices(
    positions_px: NDArray[np.floating], n_px: int, shape: tuple[int, int]
) -> NDArray[np.int32]:
    """Return where each pixel of each patch lies among the H * W of the canvas, shape (J, N, N).

    Positions (y, x) are in the frame of the canvas [px], shape (J, 2); the side N is even.

    Raises:
        ValueError: If a patch leaves the canvas.
    """
    corners = patch_corners(positions_px, n_px, shape)
    pixels = np.arange(n_px)
    rows = corners[:, :1] + pixels
    columns = corners[:, 1:] + pixels
    return (rows[:, :, None] * shape[1] + columns[:, None, :]).astype(np.int32)


def network_inputs(
    exposures: Exposures,
    indices: NDArray[np.intp],
    canvas: Window,
    initial_guess: NDArray[np.complexfloating],
) -> NetworkInputs:
    """Return what a network is given of some exposures, single-precision arrays by name.

    The detector is in the order of the FFT, zero frequency at [0, 0]. The canvas holds every patch,
    and the initial guess has its shape (H, W).

    Returns:
        `counts`, photons that the network sees, (J, N, N); `good`, 1 where the detector counts,
        (N, N); `probe_real` and `probe_imaginary`, modes at every position [sqrt(photons)],
        (M, J, N, N); `indices`, pixels of every patch in the flattened canvas, int32, (J, N, N);
        `initial_real` and `initial_imaginary`, the guess, (H, W); `normaliser`,
        1 / (illumination + a hundredth of its maximum), (H, W); `coverage`, illumination over the
        probe's brightest pixel, (H, W).

    Raises:
        ValueError: If a patch leaves the canvas.
    """
    inside = canvas.inside(exposures.positions_px[indices])
    probes = exposures.probes(indices)
    illumination = place_patches(intensity_of(probes), inside, canvas.shape)
    brightest = probe_intensity(exposures.probe_modes).max()
    probe_real, probe_imaginary = as_pair(probes)
    initial_real, initial_imaginary = as_pair(initial_guess)
    return {
        "counts": exposures.counts(indices),
        "good": zero_frequency_first(exposures.good_pixels),
        "probe_real": probe_real,
        "probe_imaginary": probe_imaginary,
        "indices": flat_indices(inside, exposures.n_px, canvas.shape),
        "initial_real": initial_real,
        "initial_imaginary": initial_imaginary,
        "normaliser": (1 / (illumination + DARK * illumination.max())).astype(np.float32),
        "coverage": (illumination / brightest).astype(np.float32),
    }
