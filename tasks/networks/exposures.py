"""The exposures that a network is given, read some at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tasks.core import StrictModel
from tasks.core.files.scan_reader import ScanReader
from tasks.core.files.scan_record import Scan
from tasks.core.geometry.patches import shifted_probes
from tasks.core.physics.probe import probe_intensity, probe_sha256

Counts = NDArray[np.unsignedinteger]
DARK_RIM_ENERGY = 0.02
RIM_MULTIPLE = 4
KEPT_BYTES = 2**28
READ_AT_ONCE = 256


class InputGeometry(StrictModel):
    """What a network is built for, besides its own size.

    Attributes:
        n_px: Side N of a pattern [px].
        dark_rim_px: Rim of a patch that the probe leaves nearly dark [px].
    """

    n_px: int = Field(gt=0)
    dark_rim_px: int = Field(0, ge=0)

    @classmethod
    def of(cls, probe_modes: NDArray[np.complexfloating]) -> "InputGeometry":
        """Return the geometry of a probe, shape (M, N, N).

        The rim is a multiple of 4 px and holds at most 2 % of the energy.
        """
        intensity = probe_intensity(probe_modes)
        n_px, total = intensity.shape[-1], intensity.sum()
        rim = 0
        while rim + RIM_MULTIPLE < n_px // 4:
            wider = rim + RIM_MULTIPLE
            if intensity[wider:-wider, wider:-wider].sum() < (1 - DARK_RIM_ENERGY) * total:
                break
            rim = wider
        return cls(n_px=n_px, dark_rim_px=rim)


@dataclass(frozen=True)
class Exposures:
    """A scan, or the part of it that a view chose; patterns are read when they are asked for.

    Attributes:
        positions_px: Absolute positions (y, x) in the frame of the object [px], shape (J, 2).
        probe_modes: Incoherent modes of the illumination [sqrt(photons)], shape (M, N, N).
        good_pixels: Detector pixels that count, shape (N, N), zero frequency at [N // 2, N // 2].
        read: Returns the counts of some exposures by index, any order, shape (any, N, N), zero
            frequency at [N // 2, N // 2].
        probe_sha256: Fingerprint of the probe's shape; empty where it is not known.
    """

    positions_px: NDArray[np.float64]
    probe_modes: NDArray[np.complex64]
    good_pixels: NDArray[np.bool_]
    read: Callable[[NDArray[np.intp]], Counts]
    probe_sha256: str = ""

    @classmethod
    def of(cls, scan: Scan | ScanReader) -> "Exposures":
        """Return the exposures of a scan, in memory or with patterns that stay on the disk."""
        header = scan.header if isinstance(scan, ScanReader) else scan
        return cls(
            positions_px=header.positions_px,
            probe_modes=header.probe_modes.astype(np.complex64),
            good_pixels=header.good_pixels,
            read=scan.read if isinstance(scan, ScanReader) else scan.diffraction_counts.__getitem__,
            probe_sha256=probe_sha256(header.probe_modes),
        )

    @property
    def n_px(self) -> int:
        """Side of a pattern [px]."""
        return int(self.probe_modes.shape[-1])

    def __len__(self) -> int:
        """Return the number of exposures."""
        return len(self.positions_px)

    def chunks(self, chunk_size: int) -> Iterator[NDArray[np.intp]]:
        """Yield all indices in rising order, some at a time."""
        for start in range(0, len(self), chunk_size):
            yield np.arange(start, min(start + chunk_size, len(self)), dtype=np.intp)

    def counts(self, indices: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return counts in the order of the FFT, zero frequency at [0, 0], shape (any, N, N)."""
        kept = self._kept_counts
        return zero_frequency_first(self.read(indices)) if kept is None else kept[indices]

    def probes(self, indices: NDArray[np.intp]) -> NDArray[np.complex64]:
        """Return the modes moved by each position's sub-pixel rest, shape (M, any, N, N)."""
        kept = self._kept_probes
        return self._move(indices) if kept is None else kept[:, indices]

    def probe_light(self, indices: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the intensity of the moved modes together, shape (any, N, N)."""
        return intensity_of(self.probes(indices))

    @cached_property
    def _kept_counts(self) -> NDArray[np.float32] | None:
        """All counts in the order of the FFT, where they do not take too much memory."""
        if len(self) * self.n_px**2 * np.dtype(np.float32).itemsize > KEPT_BYTES:
            return None
        kept = np.empty((len(self), self.n_px, self.n_px), dtype=np.float32)
        for part in self.chunks(READ_AT_ONCE):
            kept[part] = zero_frequency_first(self.read(part))
        return kept

    @cached_property
    def _kept_probes(self) -> NDArray[np.complex64] | None:
        """The probe of every position, where they do not take too much memory."""
        if len(self) * self.probe_modes.nbytes > KEPT_BYTES:
            return None
        return self._move(np.arange(len(self), dtype=np.intp))

    def _move(self, indices: NDArray[np.intp]) -> NDArray[np.complex64]:
        positions = self.positions_px[indices]
        return np.stack([shifted_probes(mode, positions) for mode in self.probe_modes])


def intensity_of(waves: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Return |waves|^2 with the modes added, shape (M, J, N, N) to (J, N, N)."""
    intensity = waves[0].real ** 2 + waves[0].imag ** 2
    for mode in waves[1:]:
        intensity += mode.real**2 + mode.imag**2
    return np.asarray(intensity)


def zero_frequency_first(patterns: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return patterns, shape (..., N, N), in the order of the FFT."""
    return np.fft.ifftshift(patterns, axes=(-2, -1)).astype(np.float32)
