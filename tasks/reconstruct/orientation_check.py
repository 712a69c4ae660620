"""Whether a scan as it is stated fits itself better than one with its axes or patterns turned.

A solver does not notice such a mistake: it ends in a loss that may even be lower than that of the
truth, and in a wrong object. A few neighbouring patterns that overlap tell in less than a second.
The stated scan and its variants are projected onto each other from a flat object
(`orientation_fit`), and their Poisson deviances compared.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.scan_file import Scan
from tasks.reconstruct.orientation_fit import Fit, fit_patterns
from tasks.reconstruct.scan_checks import TRANSMISSION_RANGE

N_PATTERNS = 49
FEWEST_PATTERNS = 9
CLEARLY_BETTER = 1.03
DISTINGUISHED = 1.01
ROOT_CORRELATION_GAIN = 3e-3
ROOT_DISPERSION = 0.45

STATED = "as stated"
# Position (y, x) of the variant from the stated one, and what the person has to do then.
TURNS: dict[str, tuple[tuple[tuple[int, int], tuple[int, int]], str]] = {
    STATED: (((1, 0), (0, 1)), ""),
    "y and x swapped": (((0, 1), (1, 0)), "Swap the columns of positions_px"),
    "y negated": (((-1, 0), (0, 1)), "Negate the y of positions_px"),
    "x negated": (((1, 0), (0, -1)), "Negate the x of positions_px"),
    "y and x negated": (((-1, 0), (0, -1)), "Negate positions_px"),
    "y and x swapped, y negated": (((0, -1), (1, 0)), "Swap y and x, and negate the new y"),
    "y and x swapped, x negated": (((0, 1), (-1, 0)), "Swap y and x, and negate the new x"),
    "y and x swapped and negated": (((0, -1), (-1, 0)), "Swap y and x, and negate both"),
}
CORNER = "zero frequency in the corner"


def check_orientation(scan: Scan) -> dict[str, Any]:
    """Refuse a scan that fits clearly better with its axes turned, or its patterns changed.

    Turning the positions one way and the patterns the other way are one and the same to a
    symmetric probe, so both cures are named.

    Args:
        scan: Checked scan (`check_scan`).

    Returns:
        Deviance per pixel of every variant, the best of the others and how much worse it is, and
        whether the patterns could tell; as JSON.

    Raises:
        ValueError: If another variant is clearly better; the message says which and the cure.
    """
    chosen = _middle(scan.positions_px, N_PATTERNS)
    if len(chosen) < FEWEST_PATTERNS:
        return {"n_patterns": len(chosen), "is_distinguished": False}
    counts = np.asarray(scan.diffraction_counts[chosen], dtype=np.float32)
    positions_px = scan.positions_px[chosen]
    fits = {
        name: fit_patterns(scan, counts, positions_px @ np.array(turn, dtype=float).T)
        for name, (turn, _) in TURNS.items()
    }
    shifted = np.fft.fftshift(counts, axes=(-2, -1))
    fits[CORNER] = fit_patterns(scan, shifted, positions_px)
    stated = fits[STATED]
    _refuse_roots(stated, fit_patterns(scan, counts**2, positions_px))
    other = min((name for name in fits if name != STATED), key=lambda name: fits[name].deviance)
    ratio = fits[other].deviance / stated.deviance if stated.deviance > 0 else np.inf
    if ratio < 1 / CLEARLY_BETTER:
        _refuse_turned(other, 1 / ratio, len(chosen))
    return {
        "n_patterns": len(chosen),
        "deviance_per_px": {name: fit.deviance for name, fit in fits.items()},
        "best_other": other,
        "best_other_over_stated": float(ratio),
        "is_distinguished": bool(ratio > DISTINGUISHED),
    }


def _middle(positions_px: NDArray[np.floating], n: int) -> NDArray[np.intp]:
    """Return the positions nearest to the middle of the scan, in the order of the scan."""
    centre = (positions_px.max(axis=0) + positions_px.min(axis=0)) / 2
    distance = np.abs(positions_px - centre).max(axis=1)
    return np.sort(np.argsort(distance, kind="stable")[:n])


def _refuse_roots(stated: Fit, squared: Fit) -> None:
    """Refuse square roots of counts that are given as counts.

    Roots scatter less than photons do, or their squares are more like patterns; and their squares
    are no more photons than the probe brings. The squares of true counts are.
    """
    scatter = stated.dispersion < ROOT_DISPERSION
    likeness = squared.correlation > stated.correlation + ROOT_CORRELATION_GAIN
    if squared.transmission <= TRANSMISSION_RANGE[1] and (scatter or likeness):
        raise ValueError(
            f"The patterns look like amplitudes, not counts: their squares hold "
            f"{squared.transmission:.2g} times the photons of the probe and correlate with a model "
            f"to {squared.correlation:.4f}, they themselves to {stated.correlation:.4f} with "
            f"{stated.dispersion:.2f} times the scatter of photons. Square them, and give counts; "
            f"or set check_orientation to false if they are counts."
        )


def _refuse_turned(variant: str, factor: float, n_patterns: int) -> None:
    """Refuse a scan whose variant fits better."""
    if variant == CORNER:
        cure = "Shift the patterns by half their side (numpy.fft.fftshift over the last two axes)"
    else:
        cure = f"{TURNS[variant][1]}, or turn the patterns likewise"
    raise ValueError(
        f"The scan fits better with {variant}: {n_patterns} patterns from its middle have a "
        f"{factor:.2f} times lower deviance then. {cure}; or set check_orientation to false if it "
        f"is right as stated."
    )
