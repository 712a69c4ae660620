"""Weighted complex least squares of a reconstruction against the shifted, ramped, scaled truth.

Model: R(r) = c exp(i k.(r - r0)) T(r - s), r0 = [H // 2, W // 2]. Gauss-Newton (Nocedal & Wright,
Numerical Optimization, sec. 10.3) in the six real numbers of c, k and s.
"""

from dataclasses import dataclass, replace

import numpy as np
import scipy.fft
from numpy.typing import NDArray

MAX_ITERATIONS = 20
TOLERANCE = 1e-6
LONGEST_STEP_PX = 1.0
LEAST_STEP_SHARE = 0.1
EXTENSION_PX = 16
Complex = NDArray[np.complexfloating]
Real = NDArray[np.floating]


@dataclass(frozen=True)
class Alignment:
    """A candidate: factor c, ramp k [rad / px] and shift s [px], both (y, x)."""

    factor: complex
    ramp: Real
    shift: Real


@dataclass(frozen=True)
class AlignmentFrame:
    """The truth, and where it is compared: the same for every reconstruction.

    Attributes:
        weights: Weights of the pixels to fit, of sum 1, shape (P,).
        inside: Which pixels of the window they are, shape (H, W).
        offsets: Their (y, x) relative to r0 [px], shape (2, P).
        true_spectrum: Spectrum of the truth, mirrored at its edges.
    """

    weights: Real
    inside: NDArray[np.bool_]
    offsets: NDArray[np.intp]
    true_spectrum: Complex

    @classmethod
    def of(cls, truth: Complex, weights: Real) -> "AlignmentFrame":
        """Collect the pixels of positive weight."""
        inside = weights > 0
        middle = np.array([n // 2 for n in inside.shape])
        return cls(
            weights=weights[inside] / weights[inside].sum(),
            inside=inside,
            offsets=(np.argwhere(inside) - middle).T,
            true_spectrum=scipy.fft.fft2(np.pad(truth, extension(truth.shape), mode="symmetric")),
        )

    def shifted_truth(self, shift: Real, gradient: bool = False) -> Complex:
        """Return the shifted truth, and its derivatives along y and x, shape (1 or 3, P)."""
        angular = [2 * np.pi * scipy.fft.fftfreq(n) for n in self.true_spectrum.shape]
        spectrum = self.true_spectrum * np.multiply.outer(
            np.exp(-1j * shift[0] * angular[0]), np.exp(-1j * shift[1] * angular[1])
        )
        spectra = [spectrum]
        if gradient:
            spectra += [1j * angular[0][:, None] * spectrum, 1j * angular[1] * spectrum]
        return np.stack([self._pixels(scipy.fft.ifft2(part)) for part in spectra])

    def _pixels(self, extended: Complex) -> Complex:
        height, width = self.inside.shape
        window = extended[EXTENSION_PX:, EXTENSION_PX:][:height, :width]
        return np.asarray(window[self.inside])

    def ramp_of(self, ramp: Real) -> Complex:
        """Return exp(i k.(r - r0)) in the pixels, shape (P,)."""
        factors = []
        for slope, offsets, size in zip(ramp, self.offsets, self.inside.shape, strict=True):
            line = np.exp(1j * slope * (np.arange(size) - size // 2))
            factors.append(line[offsets + size // 2])
        return np.asarray(factors[0] * factors[1])

    def image(self, pixels: Complex) -> Complex:
        """Return pixels put back into the window, zero elsewhere, shape (H, W)."""
        image = np.zeros(self.inside.shape, dtype=np.complex128)
        image[self.inside] = pixels
        return image


@dataclass(frozen=True)
class AlignmentProblem:
    """A reconstruction to hold against the truth.

    Attributes:
        frame: The truth and the weights.
        reconstruction: Weighted pixels of R, shape (P,).
    """

    frame: AlignmentFrame
    reconstruction: Complex

    @classmethod
    def of(cls, frame: AlignmentFrame, reconstruction: Complex) -> "AlignmentProblem":
        """Collect the pixels of positive weight."""
        return cls(frame, reconstruction[frame.inside].astype(np.complex128))

    def ramped(self, ramp: Real) -> Complex:
        """Return the pixels of R without a ramp."""
        return self.reconstruction * self.frame.ramp_of(-np.asarray(ramp))

    def overlap(self, alignment: Alignment) -> float:
        """Return |sum w R conj(g(T))|, which the alignment of the least error makes large."""
        truth = self.frame.shifted_truth(alignment.shift)[0]
        return float(np.abs(np.vdot(truth, self.frame.weights * self.ramped(alignment.ramp))))


def extension(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return how far to mirror an array, so that it wraps far away and transforms fast."""
    fast = [scipy.fft.next_fast_len(n + 2 * EXTENSION_PX) for n in shape]
    return [(EXTENSION_PX, size - n - EXTENSION_PX) for n, size in zip(shape, fast, strict=True)]


def coarse_ramp(problem: AlignmentProblem) -> Real:
    """Return the ramp at the peak of the spectrum of w R conj(T), to a quarter of a fringe."""
    truth = problem.frame.shifted_truth(np.zeros(2))[0]
    product = problem.frame.image(problem.frame.weights * problem.reconstruction * truth.conj())
    product = product.astype(np.complex64)
    sizes = [scipy.fft.next_fast_len(2 * n) for n in product.shape]
    power = np.abs(scipy.fft.fft2(product, s=sizes))
    peak = np.unravel_index(int(np.argmax(power)), power.shape)
    frequencies = [scipy.fft.fftfreq(n)[i] for n, i in zip(sizes, peak, strict=True)]
    return 2 * np.pi * np.array(frequencies)


def coarse_shift(problem: AlignmentProblem, ramp: Real, max_shift_px: float) -> Real:
    """Return the whole shift within the bound at which R, without its ramp, correlates best."""
    image = problem.frame.image(problem.frame.weights * problem.ramped(ramp))
    padded = np.pad(image, extension(image.shape))
    correlation = np.abs(
        scipy.fft.ifft2(scipy.fft.fft2(padded) * problem.frame.true_spectrum.conj())
    )
    reach = int(max_shift_px)
    candidates = [
        (y, x)
        for y in range(-reach, reach + 1)
        for x in range(-reach, reach + 1)
        if np.hypot(y, x) <= max_shift_px
    ]
    # Among equals the shortest: a flat truth correlates alike everywhere.
    best = max(candidates, key=lambda s: (round(float(correlation[s]), 12), -np.hypot(*s)))
    return np.array(best, dtype=np.float64)


def detail_correlation(problem: AlignmentProblem, alignment: Alignment) -> float:
    """Return the correlation of R, without its ramp, with the shifted truth, both without mean."""
    details = []
    for pixels in (problem.ramped(alignment.ramp), problem.frame.shifted_truth(alignment.shift)[0]):
        detail = pixels - np.sum(problem.frame.weights * pixels)
        power = float(np.sum(problem.frame.weights * np.abs(detail) ** 2))
        if power <= 1e-18 * float(np.sum(problem.frame.weights * np.abs(pixels) ** 2)):
            return 0.0
        details.append(detail / np.sqrt(power))
    return float(np.abs(np.sum(problem.frame.weights * details[0] * details[1].conj())))


def fit_factor_and_ramp(problem: AlignmentProblem, alignment: Alignment) -> Alignment:
    """Fit the factor and the ramp at a fixed shift."""
    truth = problem.frame.shifted_truth(alignment.shift)
    ramp = alignment.ramp
    for _ in range(MAX_ITERATIONS):
        factor, changes = _solve(problem, ramp, truth)
        ramp = ramp + changes
        if np.abs(changes).max() * max(problem.frame.inside.shape) < TOLERANCE:
            break
    factor, _ = _solve(problem, ramp, truth, with_ramp=False)
    return Alignment(factor, ramp, alignment.shift)


def fit_all(
    problem: AlignmentProblem, alignment: Alignment, max_shift_px: float
) -> tuple[Alignment, bool]:
    """Fit factor, ramp and shift, the shift no longer than its bound.

    Of a blurred or noisy reconstruction the Gauss-Newton step for the shift is too short, always by
    about the same factor; that factor is learned from how much the step before had changed
    the next one (Barzilai & Borwein, IMA J. Numer. Anal. 8, 141 (1988)).

    Returns:
        The alignment, and whether the shift ended at its bound.
    """
    ramp, shift = alignment.ramp, alignment.shift
    move: Real = np.zeros(2)
    before: Real = np.zeros(2)
    for _ in range(MAX_ITERATIONS):
        truth = problem.frame.shifted_truth(shift, gradient=True)
        _, changes = _solve(problem, ramp, truth)
        length = float(move @ move)
        share = float((before - changes[2:]) @ move) / length if length > 0 else 1.0
        before = changes[2:]
        step = before / min(max(share, LEAST_STEP_SHARE), 1.0)
        step = step * min(1.0, LONGEST_STEP_PX / max(np.hypot(*step), 1e-30))
        wanted = shift + step
        bounded = wanted * min(1.0, max_shift_px / max(float(np.hypot(*wanted)), 1e-30))
        move = bounded - shift
        ramp, shift = ramp + changes[:2], bounded
        turned = float(np.abs(changes[:2]).max()) * max(problem.frame.inside.shape)
        if max(float(np.abs(move).max()), turned) < TOLERANCE:
            break
    at_bound = bool(np.hypot(*shift) >= max_shift_px * (1 - 1e-9))
    return fit_factor_and_ramp(problem, replace(alignment, ramp=ramp, shift=shift)), at_bound


def _solve(
    problem: AlignmentProblem, ramp: Real, truth: Complex, with_ramp: bool = True
) -> tuple[complex, Real]:
    """Solve the least squares, linear in factor, ramp and shift, around a ramp and a shift.

    The factor is linear and found first; the changes of ramp and shift come with one more
    (complex) change of the factor, so that what they share with it is not counted twice.

    Args:
        problem: Pixels and weights.
        ramp: Ramp to start from [rad / px].
        truth: Shifted truth, and its two derivatives if the shift is free, shape (1 or 3, P).
        with_ramp: Whether the ramp is free.

    Returns:
        The best factor at the start, and the changes of ramp [rad / px] and, if free, shift [px].
    """
    frame = problem.frame
    root = np.sqrt(frame.weights)
    data, truth = root * problem.ramped(ramp), root * truth
    power = float(np.vdot(truth[0], truth[0]).real)
    factor = complex(np.vdot(truth[0], data) / power) if power > 0 else 0j
    if not with_ramp or factor == 0:
        return factor, np.zeros(1 + len(truth))
    model = factor * truth[0]
    half_sizes = np.array(frame.inside.shape) / 2
    columns = np.stack(
        [model, 1j * model]
        + [
            1j * offset / half * model
            for offset, half in zip(frame.offsets, half_sizes, strict=True)
        ]
        + [-factor * derivative for derivative in truth[1:]]
    )
    # Real and imaginary parts side by side: all unknowns are real.
    matrix, residual = columns.view(np.float64), (data - model).view(np.float64)
    solution, *_ = np.linalg.lstsq(matrix @ matrix.T, matrix @ residual, rcond=1e-12)
    changes = np.asarray(solution[2:])
    changes[:2] /= half_sizes
    return factor, changes
