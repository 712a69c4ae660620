"""Exposing a scan, some patterns at a time: from object, probe and positions to photons."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core import Complex128, Mask, Real, Real64
from tasks.core.files.scan_file import PATTERNS_PER_CHUNK
from tasks.core.files.scan_record import dose_facts
from tasks.core.geometry.patches import extract_patches, shifted_probes
from tasks.core.physics.forward import diffraction_intensity_of_modes, draw_counts
from tasks.simulate.faults.fault import Reading

# Pixels in flight: a chunk of patterns that stays in the cache of a processor.
CHUNK_PIXELS = 2**17
DOSE_TOLERANCE = 0.05


def expose(object_: Complex128, positions_px: Real64, probe_modes: Complex128) -> Iterator[Real]:
    """Yield the noise-free intensity of the scan [photons / px], some patterns at a time.

    Object (H, W), positions (y, x) [px], (J, 2), and modes [sqrt(photons)], (M, N, N), or one
    probe, (N, N).
    """
    n_px = probe_modes.shape[-1]
    modes = probe_modes.reshape(-1, n_px, n_px)
    for part in _chunks(positions_px, n_px):
        moved = np.stack([shifted_probes(mode, part) for mode in modes])
        yield diffraction_intensity_of_modes(extract_patches(object_, part, n_px), moved)


def calibrate_probe(
    object_: Complex128, positions_px: Real64, probe_modes: Complex128, photons_per_pattern: float
) -> Complex128:
    """Scale a probe so that the mean pattern of a scan is expected to hold a number of photons.

    The flux through the sample is what a beamline sets with the exposure time; the probe carries it
    [sqrt(photons)], so no other scale exists. The transform to the detector conserves photons, so
    they are counted at the sample: the sum of |probe|^2 |object|^2. Shapes as in `expose`.
    """
    n_px = probe_modes.shape[-1]
    modes = probe_modes.reshape(-1, n_px, n_px)
    transmission = object_.real**2 + object_.imag**2
    total = 0.0
    for part in _chunks(positions_px, n_px):
        patches = extract_patches(transmission, part, n_px)
        for mode in modes:
            moved = shifted_probes(mode, part)
            total += float(np.vdot(moved.real**2 + moved.imag**2, patches))
    return np.asarray(probe_modes * np.sqrt(photons_per_pattern * len(positions_px) / total))


def count_photons(
    object_: Complex128, positions_px: Real64, probe_modes: Complex128, rng: np.random.Generator
) -> NDArray[np.unsignedinteger]:
    """Return the counts of a whole scan, in 16 bits where they fit, shape (J, N, N).

    They are drawn pattern by pattern, so do not depend on how many are exposed at once.
    """
    parts = [draw_counts(part, rng) for part in expose(object_, positions_px, probe_modes)]
    counts = np.concatenate(parts)
    return counts.astype(np.uint16) if counts.max() <= np.iinfo(np.uint16).max else counts


class DoseMeter:
    """Adds up a scan's photons, some patterns at a time.

    Two numbers are kept apart. `incident` is what the beam brought to the detector plane, with
    its shot noise, before the beam stop and every other fault; it must agree with the nominal dose.
    `measured` is what stands in the file, over the good pixels: faults change it, rightly.
    """

    def __init__(self, nominal: float, good_pixels: Mask) -> None:
        """Begin with nothing counted, for photons asked for and the pixels (N, N) that count."""
        self.nominal, self.good_pixels = float(nominal), good_pixels
        self._n_patterns = self._incident = self._measured = 0
        self._brightest = self._saturated = 0

    def add(self, arrived: NDArray[np.unsignedinteger], reading: Reading) -> None:
        """Count patterns: what arrived of the beam, and what was read; both (J, N, N)."""
        good, counts = self.good_pixels, reading.counts
        self._n_patterns += len(arrived)
        self._incident += int(arrived.sum(dtype=np.int64))
        kept = counts if good.all() else counts[:, good]
        self._measured += int(kept.sum(dtype=np.int64))
        self._brightest = max(self._brightest, int(kept.max(initial=0)))
        if reading.saturated is not None:
            self._saturated += int(np.count_nonzero(reading.saturated & good))

    def facts(self) -> dict[str, Any]:
        """Return the dose; refuse incident photons more than 5 % away from the nominal ones."""
        incident = self._incident / self._n_patterns
        if abs(incident / self.nominal - 1) > DOSE_TOLERANCE:
            raise ValueError(
                f"{incident:.4g} photons per pattern reached the detector where {self.nominal:g} "
                f"were asked for, more than {DOSE_TOLERANCE:.0%} apart. Scan more positions or "
                f"raise photons_per_pattern."
            )
        counted = (self._measured, self._brightest, self._saturated, self._n_patterns)
        return {
            "nominal_photons_per_pattern": self.nominal,
            "incident_photons_per_pattern": incident,
            **dose_facts(*counted, self.good_pixels),
        }


def _chunks(positions_px: Real64, n_px: int) -> Iterator[Real64]:
    """Yield the positions of the patterns that are exposed at once: whole chunks of the file."""
    length = PATTERNS_PER_CHUNK * max(1, CHUNK_PIXELS // (PATTERNS_PER_CHUNK * n_px**2))
    for start in range(0, len(positions_px), length):
        yield positions_px[start : start + length]
