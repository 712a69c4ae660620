"""Exposing a scan: from object, probe and positions to photons, some patterns at a time."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.scan_writer import PATTERNS_PER_CHUNK
from tasks.core.geometry.patches import extract_patches, shifted_probes
from tasks.core.physics.forward import diffraction_intensity_of_modes, draw_counts

# Pixels in flight: a chunk of patterns that stays in the cache of a processor.
CHUNK_PIXELS = 2**17


def chunk_length(n_px: int) -> int:
    """Return how many patterns are exposed at once: whole chunks of the file."""
    return PATTERNS_PER_CHUNK * max(1, CHUNK_PIXELS // (PATTERNS_PER_CHUNK * n_px**2))


def expose(
    object_: NDArray[np.complex128],
    positions_px: NDArray[np.float64],
    probe_modes: NDArray[np.complex128],
) -> Iterator[NDArray[np.floating]]:
    """Yield the noise-free intensity of the scan [photons / px], some patterns at a time.

    Args:
        object_: Object, shape (H, W).
        positions_px: Where each exposure is (y, x) [px], shape (J, 2).
        probe_modes: Modes [sqrt(photons)], shape (M, N, N), or one probe, shape (N, N).
    """
    n_px = probe_modes.shape[-1]
    modes = probe_modes.reshape(-1, n_px, n_px)
    for part in _chunks(positions_px, n_px):
        moved = np.stack([shifted_probes(mode, part) for mode in modes])
        yield diffraction_intensity_of_modes(extract_patches(object_, part, n_px), moved)


def calibrate_probe(
    object_: NDArray[np.complex128],
    positions_px: NDArray[np.float64],
    probe_modes: NDArray[np.complex128],
    photons_per_pattern: float,
) -> NDArray[np.complex128]:
    """Scale a probe so that the mean pattern of a scan is expected to hold a number of photons.

    The flux through the sample is what a beamline sets with the exposure time; the probe
    carries it, so no other scale exists. The transform to the detector conserves photons, so
    they are counted at the sample: the sum of |probe|^2 |object|^2.

    Args:
        object_: Object, shape (H, W).
        positions_px: Where each exposure is (y, x) [px], shape (J, 2).
        probe_modes: Modes, shape (M, N, N), or one probe, shape (N, N).
        photons_per_pattern: Mean photons of one pattern.

    Returns:
        The scaled probe [sqrt(photons)], same shape.
    """
    n_px = probe_modes.shape[-1]
    modes = probe_modes.reshape(-1, n_px, n_px)
    transmission = object_.real**2 + object_.imag**2
    total = 0.0
    for part in _chunks(positions_px, n_px):
        patches = extract_patches(transmission, part, n_px)
        for mode in modes:
            moved = shifted_probes(mode, part)
            total += float(np.vdot(moved.real**2 + moved.imag**2, patches))
    return np.asarray(probe_modes * np.sqrt(photons_per_pattern * len(positions_px) / total))


def arrivals(
    object_: NDArray[np.complex128],
    positions_px: NDArray[np.float64],
    probe_modes: NDArray[np.complex128],
    rng: np.random.Generator,
) -> Iterator[NDArray[np.uint32]]:
    """Yield the photons that arrive at every pixel, drawn pattern by pattern, shape (some, N, N).

    The draws do not depend on how many patterns are exposed at once.
    """
    for intensity in expose(object_, positions_px, probe_modes):
        yield draw_counts(intensity, rng)


def count_photons(
    object_: NDArray[np.complex128],
    positions_px: NDArray[np.float64],
    probe_modes: NDArray[np.complex128],
    rng: np.random.Generator,
) -> NDArray[np.unsignedinteger]:
    """Return the counts of a whole scan, in 16 bits where they fit, shape (J, N, N)."""
    counts = np.concatenate(list(arrivals(object_, positions_px, probe_modes, rng)))
    return counts.astype(np.uint16) if counts.max() <= np.iinfo(np.uint16).max else counts


def _chunks(positions_px: NDArray[np.float64], n_px: int) -> Iterator[NDArray[np.float64]]:
    """Yield the positions of the patterns that are exposed at once."""
    length = chunk_length(n_px)
    for start in range(0, len(positions_px), length):
        yield positions_px[start : start + length]
