"""The smooth part of wrong positions: scale, rotation, shear and slow drift, found by its strain.

Positions that are wrong alike in a neighbourhood give an object that is displaced there with them,
so no pattern pulls its own position back: steps of single positions mend it only by diffusion from
pattern to pattern. What tells of it is that each pattern sees its patch stretched, turned or
sheared. So positions and object are moved by one field, w(x), whose gradient undoes what all
patterns see: p + w(p), and O at x becomes O at x - w(x).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from tasks.core import Real64
from tasks.reconstruct.positions.pattern_fit import Equations, Estimate

RIDGE = 1e-3
MOST_WAVES = 10
LARGEST_STRAIN = 0.1


@dataclass(frozen=True)
class SmoothField:
    """A displacement (y, x) [px] of all points: a linear one and cosines over the scan's box.

    Attributes:
        corner_px, span_px: The box of the positions.
        waves: Half periods of each cosine along y and x.
        factors: Of cosines and of y and x, for both components, shape (K, 2).
    """

    corner_px: Real64
    span_px: Real64
    waves: NDArray[np.intp]
    factors: Real64

    def at(self, points_px: Real64) -> Real64:
        """Return the displacement at points (P, 2) [px]; beyond the box it is that of its edge."""
        inside = np.clip(points_px, self.corner_px, self.corner_px + self.span_px)
        return np.asarray(_values(inside, self.corner_px, self.span_px, self.waves) @ self.factors)

    def without_shift(self, points_px: Real64) -> "SmoothField":
        """Return the field less its mean at points: a common shift is one of the frame."""
        constant = np.zeros((1, 2), dtype=np.intp)
        waves = np.concatenate([constant, self.waves])
        factors = np.concatenate([-self.at(points_px).mean(axis=0)[None], self.factors])
        return SmoothField(self.corner_px, self.span_px, waves, factors)

    def carry(self, estimate: Estimate) -> Estimate:
        """Return an estimate whose object goes with the field, by cubic interpolation."""
        points = np.indices(estimate.object_.shape).reshape(2, -1).T.astype(np.float64)
        source = (points - self.at(points + estimate.origin_px)).T
        parts = [
            map_coordinates(part, source, order=3, mode="nearest")
            for part in (estimate.object_.real, estimate.object_.imag)
        ]
        moved = (parts[0] + 1j * parts[1]).reshape(estimate.object_.shape)
        return Estimate(moved.astype(np.complex64), estimate.origin_px, estimate.modes)


def single_steps(equations: Equations, strains: Real64 | None = None) -> Real64:
    """Return the step of each position (J, 2) [px], its strain (J, 4) given, else none."""
    curvature, slope = equations.curvature, equations.slope[:, :2]
    if strains is not None:
        slope = slope - np.einsum("jds,js->jd", curvature[:, :2, 2:], strains)
    return np.asarray(np.linalg.solve(_of_shifts(equations), slope[:, :, None])[:, :, 0])


def find_field(
    equations: Equations, positions_px: Real64, spacing_px: float
) -> tuple[SmoothField, Real64]:
    """Return the field that explains the strains of all patterns, and their strains, (J, 4).

    The shortest half period is `spacing_px`, the diameter of the probe: what is shorter is seen as
    single steps. Positions (J, 2) [px]; at their mean the field is zero.
    """
    to_shift = np.linalg.solve(_of_shifts(equations), equations.curvature[:, :2, 2:])
    shift = single_steps(equations)
    by_strain = equations.curvature[:, 2:, :2]
    curvature = equations.curvature[:, 2:, 2:] - by_strain @ to_shift
    slope = equations.slope[:, 2:] - np.einsum("jsd,jd->js", by_strain, shift)
    corner, span = positions_px.min(axis=0), np.maximum(np.ptp(positions_px, axis=0), 1.0)
    counts = np.clip(np.round(span / spacing_px).astype(int), 1, MOST_WAVES)
    waves = np.argwhere(np.ones(counts + 1))[1:]
    gradients = _gradients(positions_px, corner, span, waves)
    n_functions = gradients.shape[1]
    # The patch is stretched by M, and the field undoes it: M_ba = -dw_b / dx_a.
    design = np.zeros((len(positions_px), 4, 2 * n_functions))
    design[:, :2, :n_functions] = design[:, 2:, n_functions:] = -gradients.transpose(0, 2, 1)
    matrix = np.einsum("jsk,jst,jtl->kl", design, curvature, design, optimize=True)
    mean = float(np.trace(curvature.mean(axis=0))) / 4
    matrix += RIDGE * mean * np.einsum("jsk,jsl->kl", design, design, optimize=True)
    matrix += 1e-9 * np.trace(matrix) / len(matrix) * np.eye(len(matrix))
    factors = np.linalg.solve(matrix, np.einsum("jsk,js->k", design, slope))
    largest = float(np.abs(design @ factors).max())
    factors *= min(1.0, LARGEST_STRAIN / max(largest, 1e-12))
    field = SmoothField(corner, span, waves, factors.reshape(2, n_functions).T)
    return field.without_shift(positions_px), design @ factors


def _of_shifts(equations: Equations) -> Real64:
    """Return the curvature of single steps, (J, 2, 2), a little damped."""
    block = equations.curvature[:, :2, :2]
    trace = np.trace(block, axis1=1, axis2=2)[:, None, None]
    return np.asarray(block + (1e-3 * trace + 1e-12) * np.eye(2))


def _values(points_px: Real64, corner: Real64, span: Real64, waves: NDArray[np.intp]) -> Real64:
    """Return all functions at points, shape (P, K): cosines, y and x from the middle [px]."""
    angles = np.pi * (points_px - corner) / span
    cosines = np.prod(np.cos(angles[:, None] * waves), axis=2)
    return np.concatenate([cosines, points_px - corner - span / 2], axis=1)


def _gradients(points_px: Real64, corner: Real64, span: Real64, waves: NDArray[np.intp]) -> Real64:
    """Return the gradients (y, x) of all functions at points, shape (P, K, 2)."""
    angles = (np.pi * (points_px - corner) / span)[:, None] * waves
    slopes = -np.sin(angles) * np.cos(angles[:, :, ::-1]) * waves * np.pi / span
    linear = np.broadcast_to(np.eye(2), (len(points_px), 2, 2))
    return np.concatenate([slopes, linear], axis=1)
