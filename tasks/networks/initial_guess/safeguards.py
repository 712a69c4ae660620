"""What keeps an initial guess from harm where the model is wrong by more than its photons."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tasks.core.geometry.patches import Window
from tasks.networks.exposures import Exposures, zero_frequency_first
from tasks.networks.photon_misfit import PhotonMisfit
from tasks.networks.projections import project

CHUNK = 64
LEFT_OUT_EVERY = 10
LARGEST_MODULUS = 2.0

Objects = tuple[NDArray[np.complex64], NDArray[np.complex64]]


def misfit_of(
    object_: NDArray[np.complex64],
    exposures: Exposures,
    canvas: Window,
    indices: NDArray[np.intp],
) -> PhotonMisfit:
    """Return how far an object, (H, W) on its canvas, is from the counts of some exposures."""
    misfit, good = PhotonMisfit(), zero_frequency_first(exposures.good_pixels)
    for start in range(0, len(indices), CHUNK):
        found = project(exposures, canvas, indices[start : start + CHUNK], object_)
        misfit += PhotonMisfit.of(found.counts, found.intensity, good)
    return misfit


def is_nearer(objects: Objects, exposures: Exposures, canvas: Window) -> bool:
    """Tell whether the first object is nearer to the counts than the second, beyond photons.

    Bright pixels decide: the photons in faint ones show alone how much an object scatters, and one
    that scatters as much in wrong directions is no better start than one that does not.
    """
    everything = np.arange(len(exposures), dtype=np.intp)
    first, second = (misfit_of(part, exposures, canvas, everything) for part in objects)
    return second.is_beyond_photons and first.squares < second.squares


def all_but_left_out(exposures: Exposures) -> tuple[Exposures, NDArray[np.intp]]:
    """Return the exposures without every tenth, and the indices of those."""
    numbers = np.arange(len(exposures), dtype=np.intp)
    is_left_out = numbers % LEFT_OUT_EVERY == LEFT_OUT_EVERY // 2
    kept = numbers[~is_left_out]
    shown = replace(
        exposures,
        positions_px=exposures.positions_px[kept],
        read=lambda indices: exposures.read(kept[indices]),
    )
    return shown, numbers[is_left_out]


def predicts_better(
    objects: Objects, exposures: Exposures, canvas: Window, left_out: NDArray[np.intp]
) -> bool:
    """Tell whether the moduli of left-out patterns fit the first object better than the second."""
    first, second = (misfit_of(part, exposures, canvas, left_out) for part in objects)
    return first.amplitude_squares < second.amplitude_squares


def within_physics(object_: NDArray[np.complex64], exposures: Exposures) -> NDArray[np.complex64]:
    """Return an object, (H, W), whose modulus stays below twice that of the brightest pattern.

    The photons of a pattern over those of the beam are the mean of |O|^2 under the probe.
    """
    light = np.sum(np.abs(exposures.probe_modes) ** 2)
    good = zero_frequency_first(exposures.good_pixels)
    most = max(
        float((good * exposures.counts(part)).sum(axis=(1, 2)).max())
        for part in exposures.chunks(CHUNK)
    )
    limit = np.float32(LARGEST_MODULUS * np.sqrt(most / light))
    modulus = np.abs(object_)
    return np.asarray(object_ * (limit / np.maximum(modulus, limit)), dtype=np.complex64)
