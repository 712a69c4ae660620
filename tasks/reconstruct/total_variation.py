"""Total variation of a complex image, and its proximal map.

The variation is isotropic, after Rudin, Osher & Fatemi, Physica D 60, 259 (1992): the sum over
pixels of sqrt(|D_y x|^2 + |D_x x|^2) with forward differences. The modulus of the complex
differences couples amplitude and phase, so a global phase changes nothing.
"""

import numpy as np
from numpy.typing import NDArray

ITERATIONS = 12
NEGLIGIBLE_WEIGHT = 1e-12


def smooth_by_total_variation(
    image: NDArray[np.complexfloating], weight: float, iterations: int = ITERATIONS
) -> NDArray[np.complexfloating]:
    """Return argmin over x of |x - image|^2 / 2 + weight * TV(x), for a complex image (H, W).

    Solved in the dual by the fast gradient projection of Beck & Teboulle, IEEE Trans. Image
    Process. 18, 2419 (2009). Whatever the number of iterations, the mean of the image is kept. The
    weight is in units of the image times pixels.

    Raises:
        ValueError: If the weight is negative or not finite.
    """
    if not (np.isfinite(weight) and weight >= 0):
        raise ValueError(f"Total variation needs a finite weight of 0 or more, got {weight}.")
    if weight < NEGLIGIBLE_WEIGHT:  # no pixel would change by more than four times the weight
        return image.copy()
    # Real and imaginary parts one after the other, since a complex product with a real number
    # costs twice; and arrays used again, since to get new ones costs as much as to fill them.
    parts = np.stack([image.real, image.imag])
    scale, step = parts.dtype.type(1 / (8 * weight)), parts.dtype.type(weight)
    dual, leading, projected = np.zeros((3, 2, *parts.shape), dtype=parts.dtype)
    rest = np.empty_like(parts)
    inertia = 1.0
    for _ in range(iterations):
        # 1 / (8 weight) is the inverse Lipschitz constant: the norm of D D* is at most 8.
        _subtract_adjoint(parts, leading, step, rest)
        _differences(rest, projected)
        projected *= scale
        projected += leading
        projected *= 1 / _lengths(projected)
        next_inertia = (1 + np.sqrt(1 + 4 * inertia**2)) / 2
        np.subtract(projected, dual, out=leading)
        leading *= parts.dtype.type((inertia - 1) / next_inertia)
        leading += projected
        dual, projected, inertia = projected, dual, next_inertia
    _subtract_adjoint(parts, dual, step, rest)
    smoothed = np.empty_like(image)
    smoothed.real, smoothed.imag = rest
    return smoothed


def _lengths(field: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the lengths of the vectors of a field, shape (2, 2, H, W), at least 1, (H, W)."""
    squares = np.square(field)
    squares[:, 0] += squares[:, 1]
    lengths = np.sqrt(squares[0, 0] + squares[1, 0])
    return np.asarray(np.maximum(lengths, 1, out=lengths))


def _differences(image: NDArray[np.inexact], result: NDArray[np.inexact]) -> None:
    """Write differences along y and x, (2, ..., H, W), zero past the last pixel of (..., H, W)."""
    np.subtract(image[..., 1:, :], image[..., :-1, :], out=result[0, ..., :-1, :])
    np.subtract(image[..., 1:], image[..., :-1], out=result[1, ..., :-1])
    result[0, ..., -1, :] = 0
    result[1, ..., -1] = 0


def _adjoint(field: NDArray[np.inexact], result: NDArray[np.inexact]) -> None:
    """Write the adjoint of `_differences`, applied to a field of shape (2, ..., H, W)."""
    np.negative(field[0, ..., :-1, :], out=result[..., :-1, :])
    result[..., -1, :] = 0
    below, left, right = result[..., 1:, :], result[..., :-1], result[..., 1:]
    np.add(below, field[0, ..., :-1, :], out=below)
    np.subtract(left, field[1, ..., :-1], out=left)
    np.add(right, field[1, ..., :-1], out=right)


def _subtract_adjoint(
    image: NDArray[np.floating],
    field: NDArray[np.floating],
    weight: np.floating,
    result: NDArray[np.floating],
) -> None:
    """Write image - weight * D* field, D the differences; (2, H, W) and (2, 2, H, W)."""
    _adjoint(field, result)
    result *= weight
    np.subtract(image, result, out=result)
