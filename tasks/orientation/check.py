"""Whether a scan fits as it is stated, or clearly better turned: asked before a solver starts.

A wrong orientation raises no error and may even lower the loss; the object is just wrong. Some
neighbouring patterns are projected onto each other in each of the eight orientations, with the
zero frequency in the corner, and squared. To turn the patterns is the same as to turn the
positions as far as the beam is symmetric, so both cures are named; patterns turned by 180 degrees
are those of a conjugated probe.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.scan_file import Scan
from tasks.orientation.fit import Counts, Fit, fit_patterns
from tasks.orientation.orientations import CORNER, CORNER_CURE, TURNS, middle_exposures

PATTERNS_OF_64_PX = 49
FEWEST, MOST = 16, 100
LEAST_TO_DECIDE = 9
CLEAR_RATIO = 1.03
HIGHEST_TRANSMISSION = 1.05
UNNATURAL_DISPERSION = 0.45
CLEAR_CORRELATION = 0.005


def check_orientation(scan: Scan) -> dict[str, Any]:
    """Refuse a scan that fits clearly better in another orientation.

    Args:
        scan: Checked scan (`check_scan`).

    Returns:
        What was found, as JSON: `verdict` is `as stated`, or `undecided` where another
        orientation fits about as well, and the ratio of misfits, best other over stated.

    Raises:
        ValueError: If another fits clearly better; the message says which, by how much, and the
            cure.
    """
    chosen = middle_exposures(scan.positions_px, _n_patterns(scan))
    if len(chosen) < LEAST_TO_DECIDE:
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
        cure = CORNER_CURE if best == CORNER else TURNS[best][1]
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
        name: fit_patterns(scan, counts, positions_px @ np.asarray(turn).T).misfit
        for name, (turn, _) in TURNS.items()
    }
    mask = scan.pixel_mask
    shifted = replace(scan, pixel_mask=None if mask is None else np.fft.fftshift(mask))
    moved = np.fft.fftshift(counts, axes=(-2, -1))
    misfits[CORNER] = fit_patterns(shifted, moved, positions_px).misfit
    return misfits


def _refuse_amplitudes(stated: Fit, squared: Fit) -> None:
    """Refuse square roots of photons: the loss would be lower, the object wrong.

    Their squares do not hold more photons than came in, and they fit better or the values scatter
    less than photons can.
    """
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
