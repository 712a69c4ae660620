"""How many photons one unit of the stored intensity is, and how values become counts.

* Whole numbers are photons, one a unit, unless a person says otherwise.
* Normalised photons lie on a lattice: where all values are whole multiples of one quantum, that
  of a single photon, it is the scale, and the counts come back exactly.
* Normalised photons that were rounded to decimals lie on a lattice too, that of the decimals: the
  smallest values tell about what one photon is, and a check asks for the scale.
* Anything else has no scale of its own, and a person has to give it: `photons_per_unit`, or the
  mean photons of a pattern, as PtychoPINN's configuration has them.
"""

from dataclasses import dataclass

import numpy as np

from tasks.core import Real64
from tasks.ingest.params import PatternParams
from tasks.ingest.preparation.pattern_statistics import PatternStatistics

LARGEST_SMALLEST_COUNT = 128
TRIED_VALUES = 2000
LATTICE_TOLERANCE = 0.02
RELATIVE_TOLERANCE = 4e-6
LEAST_VALUES = 200
LEAST_QUANTA, OF_ONE = 6, 1.5
LARGEST_COUNT = 2.0**32 - 1


@dataclass(frozen=True)
class PhotonScale:
    """Photons of one unit of the stored intensity, and how that is known."""

    photons_per_unit: float
    how: str


def choose_photon_scale(statistics: PatternStatistics, params: PatternParams) -> PhotonScale:
    """Return the scale of a scan; refuse one that nobody knows, or counts beyond 32 bits."""
    if params.photons_per_unit is not None:
        found = PhotonScale(params.photons_per_unit, "photons_per_unit")
    elif params.photons_per_pattern is not None:
        scale = params.photons_per_pattern / float(statistics.light.mean())
        found = PhotonScale(scale, "photons_per_pattern")
    elif statistics.all_integer:
        found = PhotonScale(1.0, "integers")
    else:
        quantum = photon_quantum(statistics.sample)
        if quantum is None:
            raise ValueError(
                f"The stored values are no whole numbers (the smallest positive is "
                f"{statistics.sample[0]:.4g}, a pattern holds {statistics.light.mean():.4g}), nor "
                f"whole multiples of one quantum, so they do not say how many photons they are. "
                f"Give --patterns.photons-per-pattern, the mean photons of a pattern, or "
                f"--patterns.photons-per-unit; for amplitudes, of their square."
            )
        found = PhotonScale(1 / quantum, "lattice")
        if (single := _single_photon(statistics, quantum)) is not None:
            found = PhotonScale(1 / single, "decimals")
    brightest = float(statistics.largest.max()) * found.photons_per_unit
    photons = statistics.light.mean() * found.photons_per_unit
    if brightest > LARGEST_COUNT:
        raise ValueError(
            f"The brightest pixel would hold {brightest:.3g} photons, more than 32 bits can. Lower "
            f"the scale, or mask what is no light (--patterns.invalid mask, --mask.file)."
        )
    if photons < 1:
        raise ValueError(
            f"A pattern would hold {photons:.3g} photons. The values are normalised: give "
            f"--patterns.photons-per-pattern."
        )
    return found


def photon_quantum(values: Real64) -> float | None:
    """Return the value of one photon, if all values, positive and sorted, are multiples of it."""
    if len(values) < LEAST_VALUES:
        return None
    few = values[:: max(1, len(values) // TRIED_VALUES)]
    for count in range(1, LARGEST_SMALLEST_COUNT + 1):
        quantum = values[0] / count
        if _are_multiples(few, quantum, LATTICE_TOLERANCE * 2):
            quantum = _refined(values, quantum)
            if _are_multiples(values, quantum, LATTICE_TOLERANCE):
                return float(quantum)
    return None


def _single_photon(statistics: PatternStatistics, quantum: float) -> float | None:
    """Return about the value of one photon where a quantum is that of rounded decimals.

    Counts that are zero now and then are also one, two and three. Values that are zero, or many
    quanta, are not counts of them: they were normalised and rounded, and the smallest are those of
    one photon. None where the quantum may be a photon.
    """
    smallest = float(statistics.sample.min())
    is_dark_at_times = np.any((statistics.mean > 0) & (statistics.mean < smallest / 2))
    if smallest < LEAST_QUANTA * quantum or not is_dark_at_times:
        return None
    return float(np.median(statistics.sample[statistics.sample < OF_ONE * smallest]))


def _are_multiples(values: Real64, quantum: float, tolerance: float) -> bool:
    """Tell whether all values are whole multiples of a quantum, but for rounding."""
    multiples = values / quantum
    away = np.abs(multiples - np.rint(multiples))
    return bool(np.all(away <= tolerance + RELATIVE_TOLERANCE * multiples))


def _refined(values: Real64, quantum: float) -> float:
    """Return the quantum by least squares over ever larger values, where rounding is safe."""
    for largest in (4, 16, 64, 256, 1024, 4096):
        near = values[values < largest * quantum]
        counts = np.rint(near / quantum)
        near, counts = near[counts > 0], counts[counts > 0]
        if len(near):
            quantum = float(np.vdot(counts, near) / np.vdot(counts, counts))
    return quantum


def common_factor(statistics: PatternStatistics) -> int:
    """Return the largest whole number that divides all values; 1 where they are not whole."""
    if not statistics.all_integer:
        return 1
    return int(np.gcd.reduce(np.unique(statistics.sample).astype(np.int64)))
