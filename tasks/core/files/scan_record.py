"""What a measured scan consists of, once it is in memory, and which of its pixels are good.

The bits of the mask are those of CXI: Maia, Nature Methods 9, 854 (2012), and the CXI file format
1.6, table of `mask`. A pixel is good if no bit of a fault is set; `HAS_SIGNAL` alone is no fault.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tasks.core import Complex128, Mask, Real64

PLANCK_J_S = 6.62607015e-34
LIGHT_SPEED_M_PER_S = 299792458.0
ELECTRONVOLT_J = 1.602176634e-19

PLACEHOLDER_ENERGY_EV = 10_000.0
PLACEHOLDER_PIXEL_M = 1e-9

# Outside these a value has another unit, or is that of another part of the instrument.
ENERGY_WINDOW_EV = (50.0, 200_000.0)
LEAST_LIGHT_EV = 1.0
DISTANCE_WINDOW_M = (1e-4, 1e3)
DETECTOR_PIXEL_WINDOW_M = (1e-7, 1e-2)

# The same for parameters.
EnergyEv = Annotated[float, Field(ge=ENERGY_WINDOW_EV[0], le=ENERGY_WINDOW_EV[1])]
DistanceM = Annotated[float, Field(ge=DISTANCE_WINDOW_M[0], le=DISTANCE_WINDOW_M[1])]
DetectorPixelM = Annotated[
    float, Field(ge=DETECTOR_PIXEL_WINDOW_M[0], le=DETECTOR_PIXEL_WINDOW_M[1])
]


def energy_window_ev(units: str) -> tuple[float, float]:
    """Return the energies that photons may have; in joules, never mistaken for eV, light too."""
    return (LEAST_LIGHT_EV if units == "J" else ENERGY_WINDOW_EV[0], ENERGY_WINDOW_EV[1])


class PixelFault(IntFlag):
    """Bits of the CXI mask that this project writes or knows."""

    INVALID = 0x1
    SATURATED = 0x2
    HOT = 0x4
    DEAD = 0x8
    SHADOWED = 0x10
    HAS_SIGNAL = 0x1000


def good_pixels(mask: NDArray[np.uint32]) -> Mask:
    """Return where a CXI mask has no fault, same shape."""
    return np.asarray((mask & ~np.uint32(PixelFault.HAS_SIGNAL)) == 0)


def dose_facts(
    photons: int, brightest: int, n_saturated: int, n_patterns: int, good: Mask
) -> dict[str, float]:
    """Return the dose of a scan from what was counted at its good pixels (N, N)."""
    measured, n_good = photons / n_patterns, int(good.sum())
    return {
        "measured_photons_per_pattern": measured,
        "counts_per_px": measured / n_good,
        "brightest_pixel_counts": float(brightest),
        "saturated_fraction": n_saturated / (n_patterns * n_good),
        "good_pixel_fraction": n_good / good.size,
    }


@dataclass(frozen=True)
class Geometry:
    """Far-field geometry of the instrument.

    Attributes:
        distance_m: From the sample to the detector [m].
        is_known: Whether it is the instrument's; no length in metres means anything otherwise.
    """

    energy_ev: float
    distance_m: float
    detector_pixel_m: float
    is_known: bool = True

    @classmethod
    def placeholder(cls, n_px: int) -> "Geometry":
        """Return what is stored where the geometry is not known: object pixels of 1 nm."""
        unit = cls(PLACEHOLDER_ENERGY_EV, 1.0, 1.0)
        return cls(
            PLACEHOLDER_ENERGY_EV, 1.0, unit.object_pixel_m(n_px) / PLACEHOLDER_PIXEL_M, False
        )

    @property
    def wavelength_m(self) -> float:
        """Wavelength [m]."""
        return PLANCK_J_S * LIGHT_SPEED_M_PER_S / (self.energy_ev * ELECTRONVOLT_J)

    def object_pixel_m(self, n_px: int) -> float:
        """Return the side of an object pixel [m] for patterns of n_px x n_px."""
        return self.wavelength_m * self.distance_m / (n_px * self.detector_pixel_m)


class _Exposures:
    """What is known of exposures from all but their patterns."""

    positions_px: Real64
    probe: Complex128
    modes: Complex128 | None
    pixel_mask: NDArray[np.uint32] | None

    @property
    def n_px(self) -> int:
        """Side of a pattern [px]."""
        return int(self.probe.shape[-1])

    @property
    def probe_modes(self) -> Complex128:
        """Incoherent modes [sqrt(photons)], shape (M, N, N), the strongest first."""
        return self.probe[None] if self.modes is None else self.modes

    @property
    def good_pixels(self) -> Mask:
        """Detector pixels that can be trusted, shape (N, N)."""
        if self.pixel_mask is None:
            return np.ones((self.n_px, self.n_px), dtype=np.bool_)
        return good_pixels(self.pixel_mask)

    def __len__(self) -> int:
        """Return the number of patterns."""
        return len(self.positions_px)


@dataclass(frozen=True)
class ScanHeader(_Exposures):
    """All of a scan but its patterns, which may be more than the memory holds.

    Attributes:
        positions_px: Absolute positions (y, x) in the frame of the object [px], shape (J, 2).
        probe: Illumination at the sample [sqrt(photons)], shape (N, N).
        geometry: Energy, distance and detector pixel.
        provenance: How the scan came to be, as JSON.
        modes: Incoherent modes of the illumination [sqrt(photons)], shape (M, N, N), the
            strongest first; none: `probe` is the only one.
        pixel_mask: CXI mask of the detector, shape (N, N); none: every pixel is good.
    """

    positions_px: Real64
    probe: Complex128
    geometry: Geometry
    provenance: dict[str, Any]
    modes: Complex128 | None = None
    pixel_mask: NDArray[np.uint32] | None = None


@dataclass(frozen=True)
class Scan(_Exposures):
    """A measured scan, as every reconstructor gets it. It holds no ground truth.

    Attributes:
        diffraction_counts: Photons per detector pixel, unsigned integers, zero frequency at
            [N // 2, N // 2], shape (J, N, N); the other fields are those of `ScanHeader`.
    """

    diffraction_counts: NDArray[np.unsignedinteger]
    positions_px: Real64
    probe: Complex128
    geometry: Geometry
    provenance: dict[str, Any]
    modes: Complex128 | None = None
    pixel_mask: NDArray[np.uint32] | None = None

    @classmethod
    def of(cls, header: ScanHeader, counts: NDArray[np.unsignedinteger]) -> "Scan":
        """Return the scan of a header and its patterns, shape (J, N, N)."""
        return cls(counts, **vars(header))

    @property
    def header(self) -> ScanHeader:
        """The scan without its patterns."""
        fields = {key: value for key, value in vars(self).items() if key != "diffraction_counts"}
        return ScanHeader(**fields)
