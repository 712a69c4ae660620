"""How well a scan fits in each orientation.

A measured probe is a guess: an object reconstructed with it fits hardly better in the right
orientation than in a wrong one. So object and probe are found together, pattern by pattern, by
the extended ptychographical iterative engine (Maiden & Rodenburg, Ultramicroscopy 109, 1256
(2009), equations 3 to 6). The probe is moved by the fraction of a pixel that a position has: a
rounded position would decide between an orientation and its twin where the probe hardly does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from tasks.orientation.orientations import AS_STATED, ORIENTATIONS, TWIN, TWINS, turned_positions

EPOCHS = 12
PROBE_FROM_EPOCH = 2
STEP = 0.9
CLEAR_RATIO = 1.05
# From this likeness of a probe and its twin on, no misfit speaks for the twin.
ALIKE = 0.7
LEAST_FRACTION_PX = 1e-3


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

    Attributes:
        twins_known: Whether a known probe tells an orientation from its twin.
        twin_likeness: How much the known probe is its own twin, from 0 to 1.
    """

    fits: dict[str, RefinedFit]
    twins_known: bool
    n_patterns: int
    twin_likeness: float = 0.0

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
        if self.best_other == TWIN and self.twin_likeness > ALIKE:
            return "undecided"
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
        found = (
            fit_with_probe(counts, placed, probe, good, rounded=True) for probe in probes.values()
        )
        fits[name] = min(found, key=lambda fit: fit.misfit)
    # Those that matter once more, whatever rounding does to them.
    others = sorted(set(fits) - {AS_STATED}, key=lambda name: fits[name].misfit)
    for name in {AS_STATED, others[0], TWIN} & set(fits):
        placed = turned_positions(positions_px, name)
        fits[name] = fit_with_probe(counts, placed, fits[name].start, good)
    likeness = [likeness_of_twin(probe) for probe in probes.values()]
    return OrientationFits(fits, twins_known, len(counts), max(likeness))


def likeness_of_twin(probe: NDArray[np.complexfloating]) -> float:
    """Return the overlap of a probe (N, N) with its conjugate, turned by 180 degrees, in [0, 1].

    It is 1 for a symmetric probe in focus, and low where the probe is curved. Both may be shifted
    against each other, since a shift of the probe is one of the object.
    """
    spectrum = scipy.fft.fft2(probe)
    # The twin has the complex conjugate of the spectrum: its correlation is that of the square.
    correlation = np.abs(scipy.fft.ifft2(spectrum * spectrum))
    return float(correlation.max() / np.sum(np.abs(probe) ** 2))


def fit_with_probe(
    counts: NDArray[np.number],
    positions_px: NDArray[np.floating],
    probe: NDArray[np.complexfloating],
    good: NDArray[np.bool_],
    *,
    refine_probe: bool = True,
    rounded: bool = False,
) -> RefinedFit:
    """Find object and probe of some patterns, from a flat object.

    The order of the patterns is drawn from a fixed seed, so equal input gives equal output.

    Args:
        counts: Patterns, zero frequency at [N // 2, N // 2], shape (J, N, N).
        positions_px: Their positions (y, x) [px], shape (J, 2).
        probe: Where to start, shape (N, N).
        good: Pixels that count, shape (N, N); the others keep what is predicted.
        refine_probe: Whether the probe is found too, or held as it is given.
        rounded: Whether positions are rounded to whole pixels, which takes a third of the time.
    """
    roots = np.sqrt(np.fft.ifftshift(counts, axes=(-2, -1))).astype(np.float32)
    trusted = np.fft.ifftshift(good)
    placed = positions_px - positions_px.min(axis=0)
    corners = np.floor(placed + 0.5).astype(np.intp)
    fractions = placed - corners
    is_between = (np.abs(fractions).max(axis=1) > LEAST_FRACTION_PX) & (not rounded)
    n_px = counts.shape[-1]
    height, width = (int(side) for side in corners.max(axis=0) + n_px)
    object_ = np.ones((height, width), dtype=np.complex64)
    light = probe.astype(np.complex64)
    frequencies = scipy.fft.fftfreq(n_px).astype(np.float32)
    rng = np.random.default_rng(len(counts))
    misfit = spread = n_bright = 0.0
    for epoch in range(EPOCHS):
        misfit = spread = n_bright = 0.0
        for index in rng.permutation(len(counts)):
            row, column = corners[index]
            patch = object_[row : row + n_px, column : column + n_px]
            turn = _shift_by(fractions[index], frequencies) if is_between[index] else None
            lit = _multiplied(light, turn)
            wave = lit * patch
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
            patch += STEP / np.max(np.abs(lit)) ** 2 * lit.conj() * change
            if refine_probe and epoch >= PROBE_FROM_EPOCH:
                moved = STEP / np.max(np.abs(before)) ** 2 * before.conj() * change
                light = light + _multiplied(moved, None if turn is None else turn.conj())
    total = float(np.sum(roots[:, trusted].astype(np.float64) ** 2))
    return RefinedFit(misfit / total, spread / max(n_bright, 1.0), object_, light, probe)


def _shift_by(
    fraction_px: NDArray[np.floating], frequencies: NDArray[np.float32]
) -> NDArray[np.complex64]:
    """Return the factor of a spectrum (N, N) that moves its field by a fraction (y, x) [px]."""
    rows, columns = (np.exp(-2j * np.pi * frequencies * step) for step in fraction_px)
    return np.asarray(rows[:, None] * columns[None], dtype=np.complex64)


def _multiplied(
    field: NDArray[np.complex64], factor: NDArray[np.complex64] | None
) -> NDArray[np.complex64]:
    """Return a field whose spectrum is multiplied by a factor; None: the field itself."""
    if factor is None:
        return field
    spectrum = scipy.fft.fft2(field)
    spectrum *= factor
    moved: NDArray[np.complex64] = scipy.fft.ifft2(spectrum, overwrite_x=True)
    return moved


def _spread(counts: NDArray[np.floating], predicted: NDArray[np.floating]) -> tuple[float, float]:
    """Return the sum of (n - lambda)^2 / lambda over bright pixels, and how many there are."""
    bright = predicted > 1
    away = (counts[bright] - predicted[bright]) ** 2 / predicted[bright]
    return float(away.sum()), float(np.count_nonzero(bright))
