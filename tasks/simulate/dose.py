"""How many photons there were, beside how many were asked for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.simulate.instrument import Reading

DOSE_TOLERANCE = 0.05


class DoseMeter:
    """Adds up a scan's photons, some patterns at a time.

    Two numbers are kept apart. `incident` is what the beam brought to the detector plane, with
    its shot noise, before the beam stop and every other fault; it must agree with the nominal dose.
    `measured` is what stands in the file, over the good pixels: faults change it, rightly.
    """

    def __init__(self, nominal: float, good_pixels: NDArray[np.bool_]) -> None:
        """Begin with nothing counted.

        Args:
            nominal: Photons per pattern that were asked for.
            good_pixels: Pixels that count as measured, shape (N, N).
        """
        self.nominal, self.good_pixels = float(nominal), good_pixels
        self._n_patterns = self._incident = self._measured = 0
        self._brightest = self._saturated = 0

    def add(self, arrived: NDArray[np.unsignedinteger], reading: Reading) -> None:
        """Count patterns: what arrived of the beam, and what was read; both (J, N, N)."""
        good, counts = self.good_pixels, reading.counts
        self._n_patterns += len(arrived)
        self._incident += int(arrived.sum(dtype=np.int64))
        whole = bool(good.all())
        kept = counts if whole else counts[:, good]
        self._measured += int(kept.sum(dtype=np.int64))
        self._brightest = max(self._brightest, int(kept.max(initial=0)))
        if reading.saturated is not None:
            self._saturated += int(np.count_nonzero(reading.saturated & good))

    def facts(self) -> dict[str, Any]:
        """Return the dose, with units in the names.

        Raises:
            ValueError: If the incident photons are more than 5 % away from the nominal dose.
        """
        incident = self._incident / self._n_patterns
        if abs(incident / self.nominal - 1) > DOSE_TOLERANCE:
            raise ValueError(
                f"{incident:.4g} photons per pattern reached the detector where {self.nominal:g} "
                f"were asked for, more than {DOSE_TOLERANCE:.0%} apart. Scan more positions or "
                f"raise photons_per_pattern."
            )
        measured, n_good = self._measured / self._n_patterns, int(self.good_pixels.sum())
        return {
            "nominal_photons_per_pattern": self.nominal,
            "incident_photons_per_pattern": incident,
            "measured_photons_per_pattern": measured,
            "counts_per_px": measured / n_good,
            "brightest_pixel_counts": float(self._brightest),
            "saturated_fraction": self._saturated / (self._n_patterns * n_good),
            "good_pixel_fraction": n_good / self.good_pixels.size,
        }
