"""How patterns fit an object at positions that may be wrong, and which way they should move.

The misfit of a pattern is the sum over good pixels of (sqrt(n) - sqrt(lambda))^2. With lambda
exact it is a quarter of chi squared, so a free parameter lowers it by a quarter on average.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tasks.core import Real64
from tasks.core.files.scan_record import Scan
from tasks.core.geometry.patches import split_positions

PATTERNS_AT_ONCE = 32
DARK = np.float32(1e-3)

Waves = NDArray[np.complex64]
Misfits = NDArray[np.float32]


@dataclass(frozen=True)
class Estimate:
    """An object (H, W) with its pixel [0, 0] at `origin_px`, and modes (M, N, N)."""

    object_: Waves
    origin_px: Real64
    modes: Waves


@dataclass(frozen=True)
class Equations:
    """Gauss and Newton's equations of each pattern for what moves and deforms its patch.

    The patch is O(p + r + d + M r), r from the middle of the light. Unknown are (d_y, d_x) [px] and
    (M_yy, M_yx, M_xy, M_xx), M_ba being how the coordinate b grows along a.

    Attributes:
        curvature: Shape (J, 6, 6).
        slope: Right side, shape (J, 6).
        misfits: Of the patterns as they are, shape (J,).
    """

    curvature: Real64
    slope: Real64
    misfits: Real64


@dataclass(frozen=True)
class PatternFit:
    """Square roots of patterns (J, N, N) and good pixels (N, N), zero frequency in the corner."""

    roots: Misfits
    good: Misfits

    @classmethod
    def of(cls, scan: Scan) -> "PatternFit":
        """Return the patterns of a scan."""
        good = np.fft.ifftshift(scan.good_pixels).astype(np.float32)
        counts = np.fft.ifftshift(scan.diffraction_counts, axes=(-2, -1))
        return cls(np.sqrt(counts.astype(np.float32)) * good, good)

    def part(self, chosen: NDArray[np.intp]) -> "PatternFit":
        """Return some of the patterns."""
        return replace(self, roots=self.roots[chosen])

    @property
    def photons(self) -> Real64:
        """Photons of each pattern at good pixels, shape (J,)."""
        return np.asarray(np.einsum("jab,jab->j", self.roots, self.roots), dtype=np.float64)

    def misfits_beside(
        self, estimate: Estimate, positions_px: Real64, offsets_px: NDArray[np.intp]
    ) -> Misfits:
        """Return the misfits at positions (J, 2) moved by whole pixels (K, 2), shape (J, K)."""
        found = np.empty((len(positions_px), len(offsets_px)), dtype=np.float32)
        windows = sliding_window_view(estimate.object_, self.good.shape)
        for part, corners, probes in self._parts(estimate, positions_px):
            for number, offset in enumerate(offsets_px):
                patches = windows[tuple(_inside(corners + offset, windows).T)]
                far = _far_fields(probes * patches[:, None])
                away = self._modulus(far) - self.roots[part]
                found[part, number] = np.einsum("jab,jab->j", away, away)
        return found

    def equations(self, estimate: Estimate, positions_px: Real64) -> Equations:
        """Return the equations of patterns at positions (J, 2) in the frame of the object [px]."""
        n_patterns, n_px = len(positions_px), self.good.shape[-1]
        curvature, slope = np.zeros((n_patterns, 6, 6)), np.zeros((n_patterns, 6))
        misfits = np.zeros(n_patterns)
        images = (estimate.object_, *_derivatives(estimate.object_))
        windows = [sliding_window_view(image, self.good.shape) for image in images]
        rows, columns = _from_the_middle(estimate.modes, n_px)
        for part, corners, probes in self._parts(estimate, positions_px):
            places = tuple(_inside(corners, windows[0]).T)
            patches, along_y, along_x = (view[places][:, None] for view in windows)
            far = _far_fields(probes * patches)
            modulus = self._modulus(far)
            weights = self.good / np.maximum(modulus, DARK)
            away = self.roots[part] - modulus
            by_strain = (rows * along_y, columns * along_y, rows * along_x, columns * along_x)
            columns_of_jacobian = [
                np.sum((far.conj() * _far_fields(probes * change)).real, axis=1) * weights
                for change in (along_y, along_x, *by_strain)
            ]
            jacobian = np.stack(columns_of_jacobian, axis=1).reshape(len(away), 6, -1)
            curvature[part] = jacobian @ jacobian.transpose(0, 2, 1)
            slope[part] = np.einsum("jkq,jq->jk", jacobian, away.reshape(len(away), -1))
            misfits[part] = np.einsum("jab,jab->j", away, away)
        return Equations(curvature, slope, misfits)

    def _modulus(self, far_fields: Waves) -> Misfits:
        light = np.sum(far_fields.real**2 + far_fields.imag**2, axis=1)
        return np.asarray(np.sqrt(light) * self.good)

    def _parts(
        self, estimate: Estimate, positions_px: Real64
    ) -> Iterator[tuple[slice, NDArray[np.intp], Waves]]:
        """Yield patterns with the corners (B, 2) of their patches and their probes (B, M, N, N)."""
        n_px = self.good.shape[-1]
        frequency = scipy.fft.fftfreq(n_px)
        spectra = scipy.fft.fft2(estimate.modes)
        for start in range(0, len(positions_px), PATTERNS_AT_ONCE):
            part = slice(start, start + PATTERNS_AT_ONCE)
            nearest, rests = split_positions(positions_px[part] - estimate.origin_px)
            ramps = np.exp(-2j * np.pi * rests[:, :, None] * frequency).astype(np.complex64)
            turns = ramps[:, 0, :, None] * ramps[:, 1, None, :]
            yield part, nearest - n_px // 2, scipy.fft.ifft2(spectra * turns[:, None])


def _far_fields(waves: Waves) -> Waves:
    far: Waves = scipy.fft.fft2(waves, norm="ortho", overwrite_x=True)
    return far


def _inside(corners: NDArray[np.intp], windows: Waves) -> NDArray[np.intp]:
    """Return corners that lie on the canvas: a position beyond its edge is looked for at it."""
    return np.clip(corners, 0, np.array(windows.shape[:2]) - 1)


def _derivatives(object_: Waves) -> tuple[Waves, Waves]:
    """Return the derivatives of an object along y and x [1 / px], exact below Nyquist."""
    spectrum = scipy.fft.fft2(object_)
    height, width = object_.shape
    along_y = 2j * np.pi * scipy.fft.fftfreq(height).astype(np.float32)[:, None]
    along_x = 2j * np.pi * scipy.fft.fftfreq(width).astype(np.float32)[None]
    return scipy.fft.ifft2(spectrum * along_y), scipy.fft.ifft2(spectrum * along_x)


def _from_the_middle(modes: Waves, n_px: int) -> tuple[Misfits, Misfits]:
    """Return rows (N, 1) and columns (1, N) counted from the centre of mass of the light [px]."""
    light = np.sum(np.abs(modes) ** 2, axis=0)
    axis = np.arange(n_px)
    centre = [float(light.sum(axis=1 - along) @ axis / light.sum()) for along in (0, 1)]
    rows, columns = ((axis - place).astype(np.float32) for place in centre)
    return rows[:, None], columns[None]
