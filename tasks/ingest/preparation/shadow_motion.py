"""How the patterns move when the probe does: shadow images, and what they tell.

Out of focus a pattern is also a magnified shadow of the sample, which moves as the probe moves
over it. How far, in detector pixels for one object pixel, is found from the patterns alone: it
tells whether the axes of positions and patterns belong together, how curved the wave at the
sample is, and how large a part of the sample one pattern shows. A ray that reaches detector
pixel q has left the sample s * q object pixels beside the probe's centre; a shadow then moves by
-1 / s (Cloetens et al., J. Phys. D 32, A145 (1999), on magnified projections).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from tasks.core import Complex, Indices, Mask, Real, Real64
from tasks.orientation.orientations import middle_exposures

NEIGHBOURS = 4
LIT_FRACTION = 0.1
ROBUST_PX = 2.0
ROUNDING_PX = 0.75
SHORTEST_WAY_PX = 2.0
PASSES = 20
LEAST_PAIRS = 12
LEAST_CORRELATION = 0.2
PATTERNS_OF_128_PX = 64
FEWEST, MOST = 36, 100


@dataclass(frozen=True)
class ShadowMotion:
    """How shadows move.

    Attributes:
        matrix: Movement (y, x) on the detector [px] for a movement (y, x) of the probe
            [object px], shape (2, 2): row i is the movement for a unit step along axis i.
        agreement: Share of the pairs of patterns that follow it within a third of the way; 0 where
            the ways are too short to tell.
        lit_px: Diameter of a disc as large as the lit part of the mean pattern [px].
    """

    matrix: Real64
    agreement: float
    lit_px: float

    @property
    def magnification(self) -> float:
        """Movement on the detector over the probe's [px / px]; negative where it is against it."""
        size = np.sqrt(np.abs(np.linalg.det(self.matrix)))
        return float(np.copysign(size, np.trace(self.matrix)))

    @property
    def crossed(self) -> float:
        """Movement across over along: large where axes are swapped, or one of them negated."""
        other = np.abs(self.matrix - self.magnification * np.eye(2)).max()
        return float(other / abs(self.magnification))

    @property
    def shown_px(self) -> float:
        """Diameter of the part of the sample that one pattern shows [object px]."""
        return self.lit_px / abs(self.magnification)

    @property
    def reach_per_px(self) -> float:
        """Object pixels that a ray is beside the centre, for each detector pixel: s above."""
        return -1 / self.magnification


def measure_shadow_motion(intensities: Real, positions_px: Real, good: Mask) -> ShadowMotion | None:
    """Measure how the shadows of neighbouring patterns (J, N, N) move, at the good pixels (N, N).

    Positions (y, x) [object px] have the shape (J, 2). None where the patterns have too few
    neighbours or nothing in common.
    """
    mean = np.where(good, intensities.mean(axis=0), 0.0)
    lit = mean > LIT_FRACTION * np.percentile(mean, 99.5)
    contrast = np.where(lit, intensities / np.where(lit, mean, 1.0) - 1, 0.0)
    norms = np.sqrt(np.sum(contrast**2, axis=(1, 2)))
    if len(intensities) < NEIGHBOURS + 1 or not norms.all():
        return None
    spectra = scipy.fft.fft2(contrast.astype(np.float32))
    steps, moves = [], []
    pairs = cKDTree(positions_px).query(positions_px, k=NEIGHBOURS)[1]
    for first, row in enumerate(pairs):
        for second in row[1:]:
            shift, height = _shift(spectra[first], spectra[second])
            if height / (norms[first] * norms[second]) > LEAST_CORRELATION:
                steps.append(positions_px[second] - positions_px[first])
                moves.append(shift)
    if len(steps) < LEAST_PAIRS or np.linalg.matrix_rank(np.array(steps)) < 2:
        return None
    matrix, away = _robust_fit(np.array(steps), np.array(moves))
    if not np.linalg.det(matrix):
        return None
    lit_px = 2 * float(np.sqrt(np.count_nonzero(lit) / np.pi))
    ways = np.linalg.norm(np.array(steps) @ matrix, axis=1)
    follows = away < np.maximum(ROUNDING_PX, ways / 3)
    agreement = float(np.mean(follows)) if np.median(ways) >= SHORTEST_WAY_PX else 0.0
    return ShadowMotion(matrix, agreement, lit_px)


def _shift(first: Complex, second: Complex) -> tuple[Real64, float]:
    """Return by how much the second pattern is moved against the first, and the correlation."""
    correlation = scipy.fft.ifft2(second * first.conj()).real
    place = np.array(np.unravel_index(correlation.argmax(), correlation.shape))
    size = np.array(correlation.shape)
    return ((place + size // 2) % size - size // 2).astype(np.float64), float(correlation.max())


def _robust_fit(steps: Real64, moves: Real64) -> tuple[Real64, Real64]:
    """Return the matrix of moves = steps @ matrix, strays weighted down, and the residuals."""
    weight = np.ones((len(steps), 1))
    matrix: NDArray[Any] = np.zeros((2, 2), dtype=np.float64)
    away: NDArray[Any] = np.zeros(len(steps))
    for _ in range(PASSES):
        matrix = np.asarray(np.linalg.lstsq(steps * weight, moves * weight, rcond=None)[0])
        away = np.linalg.norm(moves - steps @ matrix, axis=1)
        weight = (1 / (1 + (away / ROBUST_PX) ** 2))[:, None]
    return matrix, away


@dataclass(frozen=True)
class CentralExposures:
    """Exposures in the middle, of shapes (M,) into those kept, (M, N, N) and (M, 2)."""

    indices: Indices
    counts: NDArray[np.uint32]
    positions_px: Real64
    shadows: ShadowMotion | None


def choose_central_exposures(positions_px: Real, n_px: int) -> Indices:
    """Return which exposures to look at, so many that a check costs the same for any detector."""
    count = int(np.clip(PATTERNS_OF_128_PX * 128**2 // n_px**2, FEWEST, MOST))
    return middle_exposures(positions_px, count)
