"""How far predicted patterns are from counted ones, beyond what photons explain.

Photons alone scatter by (n - lambda)^2 = lambda in the mean. A model that is wrong by a fraction c
of the intensity adds (c lambda)^2, which outgrows the photons where these are many: positions,
probe or coherence of an instrument are never known as well as 1e7 photons tell.
"""

from dataclasses import astuple, dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

BEYOND_PHOTONS = 3.0


@dataclass(frozen=True)
class PhotonMisfit:
    """Sums over good pixels of counts n and intensities lambda; those of two sets add up.

    Attributes:
        squares: Sum of (n - lambda)^2.
        photons: Sum of n.
        amplitude_squares: Sum of (sqrt(n) - sqrt(lambda))^2, what projections lower.
    """

    squares: float = 0.0
    photons: float = 0.0
    amplitude_squares: float = 0.0

    @classmethod
    def of(
        cls,
        counts: NDArray[np.floating],
        intensity: NDArray[np.floating],
        good: NDArray[np.floating],
    ) -> Self:
        """Sum up patterns, (J, N, N) both; `good` is 1 where the detector counts, (N, N)."""
        roots = np.sqrt(counts) - np.sqrt(intensity)
        sums = ((counts - intensity) ** 2, counts, roots**2)
        return cls(*(float(np.sum(good * np.sum(part, axis=0, dtype=float))) for part in sums))

    def __add__(self, other: "PhotonMisfit") -> "PhotonMisfit":
        """Return the misfit of both sets together."""
        return PhotonMisfit(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def dispersion(self) -> float:
        """Scatter about the model over that of photons, bright pixels above all: 1 for photons."""
        return self.squares / self.photons if self.photons else 0.0

    @property
    def is_beyond_photons(self) -> bool:
        """Tell whether the model is wrong by far more than its photons."""
        return self.dispersion > BEYOND_PHOTONS

    def exceeds(self, other: "PhotonMisfit") -> bool:
        """Tell whether moduli fit worse than another model's, and not by photons alone."""
        return self.is_beyond_photons and not self.amplitude_squares <= other.amplitude_squares
