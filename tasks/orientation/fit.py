"""How well a few patterns of a scan fit each other, after some projections from a flat object."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.scan_file import Scan
from tasks.core.physics.nesterov import extrapolate
from tasks.networks.batches import canvas_of
from tasks.networks.exposures import Exposures, zero_frequency_first
from tasks.networks.initial_guess.closed_form import flat_guess
from tasks.networks.projections import COUNT_OFFSET, PhysicsPass, project

PASSES = 6
BRIGHT_PHOTONS = 1.0

Counts = NDArray[np.floating]


@dataclass(frozen=True)
class Fit:
    """Agreement of counts and prediction over the good pixels.

    Attributes:
        misfit: Mean of 4 (sqrt(n + 1/4) - sqrt(lambda + 1/4))^2, after Anscombe, Biometrika 35, 246
            (1948): 1 where photons are many and all is right. Unlike the Poisson likelihood it is
            not carried off by a stray count where no light is predicted.
        correlation: Of the square roots of counts and prediction, whatever their scale.
        dispersion: Mean of (n - lambda)^2 / lambda where more than a photon is predicted: at least
            1 for photons, less for roots of photons.
        transmission: Detected over incident photons; at most 1 for a sample without light source.
    """

    misfit: float
    correlation: float
    dispersion: float
    transmission: float


def fit_patterns(scan: Scan, counts: Counts, positions_px: NDArray[np.floating]) -> Fit:
    """Project patterns onto each other from a flat object, and say how well they then fit.

    Args:
        scan: Where probe and mask come from.
        counts: Patterns, zero frequency at [N // 2, N // 2], shape (J, N, N).
        positions_px: Their positions (y, x) [px], shape (J, 2).
    """
    exposures = Exposures(
        positions_px=np.asarray(positions_px, dtype=np.float64),
        probe_modes=scan.probe_modes.astype(np.complex64),
        good_pixels=scan.good_pixels,
        # Squares and turned patterns are counts too, in floating point.
        read=lambda indices: cast("NDArray[np.unsignedinteger]", counts[indices]),
    )
    canvas, everything = canvas_of(positions_px, scan.n_px), np.arange(len(counts))
    physics = PhysicsPass.of(exposures, canvas, len(counts))
    current = leading = start = flat_guess(exposures, canvas)
    for number in range(1, PASSES + 1):
        found = project(exposures, canvas, everything, leading)
        moved = leading + found.total * physics.normaliser
        leading = extrapolate(moved, current, number).astype(np.complex64)
        current = moved
    found = project(exposures, canvas, everything, current)
    good = zero_frequency_first(scan.good_pixels) > 0
    transmission = float(np.abs(start[0, 0]) ** 2)
    return _judge(found.counts[:, good], found.intensity[:, good], transmission)


def _judge(counts: Counts, predicted: Counts, transmission: float) -> Fit:
    """Compare counts and prediction, both (J, good pixels)."""
    roots = np.sqrt(counts + COUNT_OFFSET) - np.sqrt(predicted + COUNT_OFFSET)
    misfit = 4 * float(np.mean(roots**2, dtype=np.float64))
    measured, modelled = np.sqrt(counts), np.sqrt(predicted)
    norm = np.linalg.norm(measured) * np.linalg.norm(modelled)
    bright = predicted > BRIGHT_PHOTONS
    spread = (counts[bright] - predicted[bright]) ** 2 / predicted[bright]
    return Fit(
        misfit=misfit,
        correlation=float(np.vdot(measured, modelled) / norm),
        dispersion=float(spread.mean()) if spread.size else 1.0,
        transmission=transmission,
    )
