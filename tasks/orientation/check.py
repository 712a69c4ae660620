"""Whether a scan fits as it is stated, or clearly better turned: asked before a solver starts.

A wrong orientation raises no error and may even lower the loss; the object is just wrong. Some
neighbouring patterns are projected onto each other in each of the eight orientations, with the
zero frequency in the corner, and squared. To turn the patterns is the same as to turn the
positions as far as the beam is symmetric, so both cures are named; patterns turned by 180 degrees
are those of a conjugated probe.
"""

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.scan_record import Scan
from tasks.core.physics.forward import extrapolate
from tasks.networks.batches import canvas_of
from tasks.networks.exposures import Exposures, zero_frequency_first
from tasks.networks.initial_guess.closed_form import flat_guess
from tasks.networks.projections import COUNT_OFFSET, PhysicsPass, project
from tasks.orientation.orientations import CORNER, CORNER_CURE, ORIENTATIONS, middle_exposures

PATTERNS_OF_64_PX = 49
FEWEST, MOST = 16, 100
CLEAR_RATIO = 1.03
HIGHEST_TRANSMISSION = 1.05
UNNATURAL_DISPERSION = 0.45
CLEAR_CORRELATION = 0.005
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


def check_orientation(scan: Scan) -> dict[str, Any]:
    """Refuse a checked scan that fits clearly better in another orientation.

    Returns:
        What was found, as JSON: `verdict` is `as stated`, or `undecided` where another
        orientation fits about as well, and the ratio of misfits, best other over stated.

    Raises:
        ValueError: If another fits clearly better; the message says which, and the cure.
    """
    chosen = middle_exposures(scan.positions_px, _n_patterns(scan))
    if len(chosen) < FEWEST:
        return {"verdict": "undecided", "n_patterns": len(chosen), "reason": "too few patterns"}
    counts = scan.diffraction_counts[chosen].astype(np.float32)
    positions = scan.positions_px[chosen]
    stated = fit_patterns(scan, counts, positions)
    squared = fit_patterns(scan, counts * counts, positions)
    _refuse_amplitudes(stated, squared)

    misfits = _misfits_of_others(scan, counts, positions)
    best = min(misfits, key=lambda name: misfits[name])
    floor = np.finfo(np.float32).tiny
    ratio = misfits[best] / max(stated.misfit, float(floor))
    if ratio * CLEAR_RATIO < 1:
        cure = CORNER_CURE if best == CORNER else ORIENTATIONS[best].cure
        raise ValueError(
            f"The scan fits better with {best}: over {len(chosen)} neighbouring patterns the "
            f"misfit is {misfits[best]:.4g} per pixel instead of {stated.misfit:.4g} as "
            f"stated, {1 / ratio:.3g} times lower. To cure it, {cure}; or set "
            f"check_orientation=False if the scan is right."
        )
    return {
        "verdict": "as stated" if ratio > CLEAR_RATIO else "undecided",
        "n_patterns": len(chosen),
        "best_other": best,
        "misfit_ratio": ratio,
        "misfit_per_px": stated.misfit,
    }


def _n_patterns(scan: Scan) -> int:
    """Return how many patterns to fit, so that the check costs the same for any detector."""
    pixels = scan.n_px**2 * len(scan.probe_modes)
    return int(np.clip(PATTERNS_OF_64_PX * 64**2 // pixels, FEWEST, MOST))


def _misfits_of_others(
    scan: Scan, counts: Counts, positions_px: NDArray[np.floating]
) -> dict[str, float]:
    """Return the misfit of every orientation but the stated one."""
    misfits = {
        name: fit_patterns(scan, counts, positions_px @ np.asarray(other.matrix).T).misfit
        for name, other in ORIENTATIONS.items()
    }
    mask = scan.pixel_mask
    shifted = replace(scan, pixel_mask=None if mask is None else np.fft.fftshift(mask))
    moved = np.fft.fftshift(counts, axes=(-2, -1))
    misfits[CORNER] = fit_patterns(shifted, moved, positions_px).misfit
    return misfits


def _refuse_amplitudes(stated: Fit, squared: Fit) -> None:
    """Refuse roots of photons: squared they hold no more than came in, and fit better."""
    fits_better = squared.correlation > stated.correlation + CLEAR_CORRELATION
    too_regular = stated.dispersion < UNNATURAL_DISPERSION
    if squared.transmission <= HIGHEST_TRANSMISSION and (fits_better or too_regular):
        raise ValueError(
            f"The diffraction counts look like amplitudes, square roots of counts: squared, they "
            f"hold {squared.transmission:.3g} of the photons that the probe carries (as stated "
            f"{stated.transmission:.3g}) and correlate with the prediction by "
            f"{squared.correlation:.4f} (as stated {stated.correlation:.4f}); their scatter is "
            f"{stated.dispersion:.2f} of that of photons. To cure it, give the counts, squares of "
            f"the amplitudes; or set check_orientation=False if the scan is right."
        )


def fit_patterns(scan: Scan, counts: Counts, positions_px: NDArray[np.floating]) -> Fit:
    """Project patterns onto each other from a flat object, and say how well they then fit.

    Args:
        scan: Where probe and mask come from.
        counts: Patterns, zero frequency at [N // 2, N // 2], shape (J, N, N).
        positions_px: Their positions (y, x) [px], shape (J, 2).
    """
    # Squares and turned patterns are counts too, in floating point.
    patterns = cast("NDArray[np.unsignedinteger]", counts)
    placed_px = positions_px.astype(np.float64)
    exposures = Exposures.of(replace(scan, diffraction_counts=patterns, positions_px=placed_px))
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
    return _agreement(found.counts[:, good], found.intensity[:, good], transmission)


def _agreement(counts: Counts, predicted: Counts, transmission: float) -> Fit:
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
