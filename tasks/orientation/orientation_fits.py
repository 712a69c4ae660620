"""How well a scan fits in each orientation.

A measured probe is a guess: an object reconstructed with it fits hardly better in the right
orientation than in a wrong one. So object and probe are found together, pattern by pattern, by
the extended ptychographical iterative engine (Maiden & Rodenburg, Ultramicroscopy 109, 1256
(2009), equations 3 to 6), positions rounded to whole pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from tasks.orientation.orientations import AS_STATED, ORIENTATIONS, TWINS, turned_positions

EPOCHS = 12
PROBE_FROM_EPOCH = 2
STEP = 0.9
CLEAR_RATIO = 1.05


@dataclass(frozen=True)
class RefinedFit:
    """An object and a probe, and the one that it started from, that explain some patterns.

    Attributes:
        misfit: Squared difference of the square roots of measured and predicted counts in the last
            epoch, over the counts.
        dispersion: Mean of (n - lambda)^2 / lambda where more than a photon is predicted.
    """

    misfit: float
    dispersion: float
    object_: NDArray[np.complex64]
    probe: NDArray[np.complex64]
    start: NDArray[np.complexfloating]


@dataclass(frozen=True)
class OrientationFits:
    """Fits of a scan in every orientation, by its name, `as stated` among them.

    `twins_known` tells whether the probe tells an orientation from its twin.
    """

    fits: dict[str, RefinedFit]
    twins_known: bool
    n_patterns: int

    @property
    def best_other(self) -> str:
        """Name of the best orientation that is not the stated one."""
        others = [name for name in self.fits if name != AS_STATED]
        return min(others, key=lambda name: self.fits[name].misfit)

    @property
    def misfit_ratio(self) -> float:
        """Misfit of the best other orientation over that of the stated one."""
        floor = float(np.finfo(np.float32).tiny)
        return self.fits[self.best_other].misfit / max(self.fits[AS_STATED].misfit, floor)

    @property
    def verdict(self) -> str:
        """`as stated`, `undecided`, or the name of an orientation that fits clearly better."""
        if self.misfit_ratio > CLEAR_RATIO:
            return AS_STATED
        return self.best_other if self.misfit_ratio * CLEAR_RATIO < 1 else "undecided"


def fit_orientations(
    counts: NDArray[np.number],
    positions_px: NDArray[np.floating],
    probes: Mapping[str, NDArray[np.complexfloating]],
    good: NDArray[np.bool_],
) -> OrientationFits:
    """Fit patterns in every orientation; counts, positions and good pixels as of `fit_with_probe`.

    Of several probes to start from, each (N, N), the best of each orientation counts. One alone is
    known; several are not, nor can twins be told apart, and one of each pair is fitted.
    """
    twins_known = len(probes) == 1
    fits = {}
    for name in (AS_STATED, *ORIENTATIONS):
        if not twins_known and name in TWINS.values():
            continue
        placed = turned_positions(positions_px, name)
        found = (fit_with_probe(counts, placed, probe, good) for probe in probes.values())
        fits[name] = min(found, key=lambda fit: fit.misfit)
    return OrientationFits(fits, twins_known, len(counts))


def fit_with_probe(
    counts: NDArray[np.number],
    positions_px: NDArray[np.floating],
    probe: NDArray[np.complexfloating],
    good: NDArray[np.bool_],
) -> RefinedFit:
    """Find object and probe of some patterns, from a flat object.

    The order of the patterns is drawn from a fixed seed, so equal input gives equal output.

    Args:
        counts: Patterns, zero frequency at [N // 2, N // 2], shape (J, N, N).
        positions_px: Their positions (y, x) [px], shape (J, 2).
        probe: Where to start, shape (N, N).
        good: Pixels that count, shape (N, N); the others keep what is predicted.
    """
    roots = np.sqrt(np.fft.ifftshift(counts, axes=(-2, -1))).astype(np.float32)
    trusted = np.fft.ifftshift(good)
    corners = np.floor(positions_px - positions_px.min(axis=0) + 0.5).astype(np.intp)
    n_px = counts.shape[-1]
    height, width = (int(side) for side in corners.max(axis=0) + n_px)
    object_ = np.ones((height, width), dtype=np.complex64)
    light = probe.astype(np.complex64)
    rng = np.random.default_rng(len(counts))
    misfit = spread = n_bright = 0.0
    for epoch in range(EPOCHS):
        misfit = spread = n_bright = 0.0
        for index in rng.permutation(len(counts)):
            row, column = corners[index]
            patch = object_[row : row + n_px, column : column + n_px]
            wave = light * patch
            far = scipy.fft.fft2(wave, norm="ortho")
            modulus = np.abs(far)
            away = np.where(trusted, roots[index] - modulus, np.float32(0))
            misfit += float(np.vdot(away, away))
            if epoch == EPOCHS - 1:
                added, count = _spread(roots[index][trusted] ** 2, modulus[trusted] ** 2)
                spread, n_bright = spread + added, n_bright + count
            far *= away / np.maximum(modulus, np.float32(1e-6))
            change = scipy.fft.ifft2(far, norm="ortho", overwrite_x=True)
            before = patch.copy()
            patch += STEP / np.max(np.abs(light)) ** 2 * light.conj() * change
            if epoch >= PROBE_FROM_EPOCH:
                light = light + STEP / np.max(np.abs(before)) ** 2 * before.conj() * change
    total = float(np.sum(roots[:, trusted].astype(np.float64) ** 2))
    return RefinedFit(misfit / total, spread / max(n_bright, 1.0), object_, light, probe)


def _spread(counts: NDArray[np.floating], predicted: NDArray[np.floating]) -> tuple[float, float]:
    """Return the sum of (n - lambda)^2 / lambda over bright pixels, and how many there are."""
    bright = predicted > 1
    away = (counts[bright] - predicted[bright]) ** 2 / predicted[bright]
    return float(away.sum()), float(np.count_nonzero(bright))
