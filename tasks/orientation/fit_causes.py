"""What else than a scale or an angle of the positions would cure a misfit: tried one by one.

The best model of some patterns is refined further, once as it is, and once each with a second
incoherent mode of the probe (Thibault & Menzel, Nature 494, 68 (2013)) and with every position
free. A position moves by the part of the change of its exit wave that a shift of the probe gives.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from tasks.orientation.fit_quality import unexplained_share
from tasks.orientation.orientation_fits import STEP, RefinedFit

EPOCHS = 30
SECOND_MODE_LIGHT = 0.05
# Object and probe follow a wrong position in part, so that a change shows a part of its error.
GAIN, LARGEST_STEP_PX = 10.0, 0.5
REACH_PX = 8
# How many times lower the misfit has to be than without the cause.
CLEAR_RATIO = 1.1

Fields = NDArray[np.complex64]
Floats = NDArray[np.floating]


class Cause(NamedTuple):
    """What lowers a misfit clearly.

    Attributes:
        name: `modes` or `moves`.
        ratio: How many times lower the misfit is than without it.
        unexplained: As of `FitQuality`, with it.
        moved_px: Median length that positions moved.
    """

    name: str
    ratio: float
    unexplained: float
    moved_px: float = 0.0


@dataclass
class _Model:
    """Object, modes of the probe (M, N, N) and corners of the patches (J, 2) in fractions."""

    object_: Fields
    modes: Fields
    placed: Floats


def other_causes(
    counts: NDArray[np.number], positions_px: Floats, fit: RefinedFit, good: NDArray[np.bool_]
) -> tuple[Cause, ...]:
    """Return what lowers the misfit of a fit clearly, the most first.

    Arguments are as of `better_positions`; the fit is that of these positions.
    """
    misfit, _ = _refined(counts, positions_px, fit, good)
    with_modes, _ = _refined(counts, positions_px, fit, good, n_modes=2)
    with_moves, placed = _refined(counts, positions_px, fit, good, move=True)
    moves = placed - positions_px
    moved_px = float(np.median(np.hypot(*(moves - np.median(moves, axis=0)).T)))

    def cause(name: str, found: float, moved_px: float = 0.0) -> Cause:
        noise = fit.misfit / max(fit.dispersion, 1.0)
        left = unexplained_share(counts, good, found, noise)
        return Cause(name, misfit / found, left, moved_px)

    tried = (cause("modes", with_modes), cause("moves", with_moves, moved_px))
    clear = (one for one in tried if one.ratio > CLEAR_RATIO)
    return tuple(sorted(clear, key=lambda one: -one.ratio))


def _refined(
    counts: NDArray[np.number],
    positions_px: Floats,
    fit: RefinedFit,
    good: NDArray[np.bool_],
    *,
    n_modes: int = 1,
    move: bool = False,
) -> tuple[float, Floats]:
    """Refine a fit further; return its misfit over the counts, and the positions (J, 2)."""
    roots = np.sqrt(np.fft.ifftshift(counts, axes=(-2, -1))).astype(np.float32)
    trusted = np.fft.ifftshift(good)
    origin = positions_px.min(axis=0) - REACH_PX
    model = _Model(
        np.pad(fit.object_, REACH_PX, constant_values=1),
        _split(fit.probe, n_modes),
        positions_px - origin,
    )
    rng, misfit = np.random.default_rng(len(counts)), 0.0
    for _ in range(EPOCHS):
        misfit = 0.0
        for index in rng.permutation(len(counts)):
            misfit += _update(model, int(index), roots[index], trusted, move)
    total = float(np.sum(roots[:, trusted].astype(np.float64) ** 2))
    return misfit / total, model.placed + origin


def _split(probe: Fields, n_modes: int) -> Fields:
    """Return a probe as modes (M, N, N); a weak second one is the first times a ramp."""
    if n_modes == 1:
        return probe[None].copy()
    light = np.abs(probe) ** 2
    y, x = np.indices(probe.shape)
    rows, columns = (axis - np.average(axis, weights=light) for axis in (y, x))
    second = probe * (rows + 1j * columns)
    share = SECOND_MODE_LIGHT * light.sum() / np.sum(np.abs(second) ** 2)
    modes = [np.sqrt(1 - SECOND_MODE_LIGHT) * probe, np.sqrt(share) * second]
    return np.asarray(modes, dtype=np.complex64)


def _update(
    model: _Model, index: int, roots: Floats, trusted: NDArray[np.bool_], is_free: bool
) -> float:
    """Move a model towards one pattern, and its position if that is free; return the misfit."""
    n_px = roots.shape[-1]
    highest = np.array(model.object_.shape) - n_px
    corner = np.clip(np.floor(model.placed[index] + 0.5).astype(np.intp), 0, highest)
    rows, columns = (slice(start, start + n_px) for start in corner)
    patch = model.object_[rows, columns]
    frequencies = scipy.fft.fftfreq(n_px).astype(np.float32)
    turns = [
        np.exp(-2j * np.pi * frequencies * step).astype(np.complex64)
        for step in model.placed[index] - corner
    ]
    turn = turns[0][:, None] * turns[1][None]
    spectra = scipy.fft.fft2(model.modes) * turn
    lit = scipy.fft.ifft2(spectra)
    far = scipy.fft.fft2(lit * patch, norm="ortho")
    modulus = np.sqrt(np.sum(np.abs(far) ** 2, axis=0))
    away = np.where(trusted, roots - modulus, np.float32(0))
    change = scipy.fft.ifft2(far * (away / np.maximum(modulus, np.float32(1e-6))), norm="ortho")
    before, light = patch.copy(), np.sum(np.abs(lit) ** 2, axis=0)
    patch += STEP / light.max() * np.sum(lit.conj() * change, axis=0)
    moved = STEP / np.max(np.abs(before)) ** 2 * before.conj() * change
    model.modes += scipy.fft.ifft2(scipy.fft.fft2(moved) * turn.conj())
    if is_free:
        model.placed[index] += _step(spectra, before, change, frequencies)
    return float(np.vdot(away, away))


def _step(spectra: Fields, patch: Fields, change: Fields, frequencies: Floats) -> Floats:
    """Return the shift (y, x) of the probe [px] that explains most of a change of exit waves."""
    slopes = [
        patch * scipy.fft.ifft2(spectra * (-2j * np.pi * along))
        for along in (frequencies[:, None], frequencies[None])
    ]
    matrix = np.array([[np.vdot(one, two).real for two in slopes] for one in slopes])
    side = np.array([np.vdot(one, change).real for one in slopes])
    step = GAIN * np.linalg.lstsq(matrix, side, rcond=None)[0]
    return np.asarray(np.clip(step, -LARGEST_STEP_PX, LARGEST_STEP_PX))
