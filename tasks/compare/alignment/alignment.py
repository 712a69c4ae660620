"""Weighted complex least squares of a reconstruction against the shifted, ramped, scaled truth.

Model: R(r) = c exp(i k.(r - r0)) T(r - s), r0 = [H // 2, W // 2]. Gauss-Newton (Nocedal & Wright,
Numerical Optimization, sec. 10.3) in the six real numbers of c, k and s.
"""

from dataclasses import replace

import numpy as np
import scipy.fft

from tasks.compare.alignment.alignment_frame import Alignment, AlignmentProblem, extension
from tasks.core import Complex, Real

MAX_ITERATIONS = 20
TOLERANCE_PX = 1e-6
LONGEST_STEP_PX = 1.0
LEAST_STEP_SHARE = 0.1


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
    """Return the correlation of R, without its ramp, with the shifted truth, both without planes.

    Means and slopes do not count, or a ramp over a flat image would pass for a smooth sample.
    """
    frame = problem.frame
    details = []
    for pixels in (problem.ramped(alignment.ramp), frame.shifted_truth(alignment.shift)[0]):
        detail = frame.detail(pixels)
        power = float(np.sum(frame.weights * np.abs(detail) ** 2))
        if power <= 1e-18 * float(np.sum(frame.weights * np.abs(pixels) ** 2)):
            return 0.0
        details.append(detail / np.sqrt(power))
    return float(np.abs(np.vdot(details[1], frame.weights * details[0])))


def fit_factor_and_ramp(problem: AlignmentProblem, alignment: Alignment) -> Alignment:
    """Fit the factor and the ramp at a fixed shift."""
    truth = problem.frame.shifted_truth(alignment.shift)
    ramp = alignment.ramp
    for _ in range(MAX_ITERATIONS):
        factor, changes = _solve(problem, ramp, truth)
        ramp = ramp + changes
        if np.abs(changes).max() * max(problem.frame.inside.shape) < TOLERANCE_PX:
            break
    factor, _ = _solve(problem, ramp, truth, with_ramp=False)
    return Alignment(factor, ramp, alignment.shift)


def fit_all(
    problem: AlignmentProblem,
    alignment: Alignment,
    max_shift_px: float,
    tolerance_px: float = TOLERANCE_PX,
) -> tuple[Alignment, bool]:
    """Fit factor, ramp and shift, the shift no longer than its bound.

    Of a blurred or noisy reconstruction the Gauss-Newton step for the shift is too short, always by
    about the same factor; that factor is learned from how much the step before had changed
    the next one (Barzilai & Borwein, IMA J. Numer. Anal. 8, 141 (1988)). The fit ends where shift
    [px], and ramp times side of the window [rad], change by less than the tolerance.

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
        if max(float(np.abs(move).max()), turned) < tolerance_px:
            break
    at_bound = bool(np.hypot(*shift) >= max_shift_px * (1 - 1e-9))
    return fit_factor_and_ramp(problem, replace(alignment, ramp=ramp, shift=shift)), at_bound


def _solve(
    problem: AlignmentProblem, ramp: Real, truth: Complex, with_ramp: bool = True
) -> tuple[complex, Real]:
    """Solve the least squares, linear in factor, ramp and shift, around a ramp and a shift.

    The factor is linear and found first; the changes of ramp and shift come with one more
    (complex) change of the factor, so that what they share with it is not counted twice.
    `truth` is the shifted truth, with its two derivatives if the shift is free, (1 or 3, P).

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
