"""How well patterns are explained by the best model of them, and which cause explains them better.

The measure is absolute in two ways: the scatter about the model in units of that of photons
(Pearson's chi squared for each bright pixel), and how much of what differs from pattern to pattern
the model leaves open. The first tells of any fault where photons are many; the second does not
grow with the dose, and a model that explains nothing of the sample stays near one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.orientation.orientation_fits import RefinedFit, fit_with_probe

CLEAR_CAUSE = 1.1
SCALES = (0.9, 0.95, 1.05, 1.1)
TURNS_DEG = (-5.0, -2.5, 2.5, 5.0)
Counts = NDArray[np.number]


@dataclass(frozen=True)
class FitQuality:
    """How far patterns are from the best model of them.

    Attributes:
        dispersion: Mean of (n - lambda)^2 / lambda at bright pixels: 1 for photons alone.
        unexplained: Share of the differences between patterns, beyond photon noise, that the model
            leaves open: 0 where all is explained, 1 where the mean pattern fits as well.
    """

    dispersion: float
    unexplained: float


def fit_quality(counts: Counts, good: NDArray[np.bool_], fit: RefinedFit) -> FitQuality:
    """Compare the misfit of a fit with that of the mean pattern; counts (J, N, N), good (N, N)."""
    noise = fit.misfit / max(fit.dispersion, 1.0)
    return FitQuality(fit.dispersion, unexplained_share(counts, good, fit.misfit, noise))


def unexplained_share(
    counts: Counts, good: NDArray[np.bool_], misfit: float, noise: float
) -> float:
    """Return how much of the differences between patterns, beyond noise, a misfit leaves open."""
    roots = np.sqrt(counts[:, good].astype(np.float64))
    light = float(np.sum(roots**2))
    mean = np.sqrt(np.mean(roots**2, axis=0))
    of_mean = float(np.sum((roots - mean) ** 2)) / light
    return float(np.clip((misfit - noise) / max(of_mean - noise, 1e-9), 0.0, 1.0))


def better_positions(
    counts: Counts, positions_px: NDArray[np.floating], fit: RefinedFit, good: NDArray[np.bool_]
) -> tuple[str, float] | None:
    """Return the change of scale or of angle that makes positions fit clearly better.

    Arguments are as of `fit_with_probe`, and its result. The second value is how many times lower
    the misfit then is. None: no change that is tried does.
    """
    middle = positions_px.mean(axis=0)
    tried = {f"scaled by {scale:g}": scale * np.eye(2) for scale in SCALES}
    for degrees in TURNS_DEG:
        cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        tried[f"turned by {degrees:+g} degrees"] = np.array([[cosine, -sine], [sine, cosine]])
    misfits = {
        name: fit_with_probe(
            counts, (positions_px - middle) @ matrix.T + middle, fit.start, good
        ).misfit
        for name, matrix in tried.items()
    }
    best = min(misfits, key=lambda name: misfits[name])
    ratio = fit.misfit / misfits[best]
    return (best, ratio) if ratio > CLEAR_CAUSE else None
