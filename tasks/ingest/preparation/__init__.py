"""From a measured scan to the CXI that every reconstructor gets, all that was done on record.

Patterns are oriented, centred, cropped and binned, the background is subtracted, values become
counts, bad pixels are masked, exposures without light are left out, positions become absolute
object pixels, and a first guess of the probe is made.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core import Complex128, Indices, Mask, Real64
from tasks.core.files.scan_file import ScanWriter
from tasks.core.files.scan_record import Geometry, PixelFault, ScanHeader, dose_facts, good_pixels
from tasks.core.geometry.stray_positions import find_stray_positions
from tasks.core.physics.probe import coherent_probe
from tasks.ingest.params import IngestParams
from tasks.ingest.preparation.background import Background, find_background, to_counts
from tasks.ingest.preparation.bad_pixels import (
    BadPixels,
    find_bad_pixels,
    mask_of,
    refuse_invalid,
    trusted_pixels,
)
from tasks.ingest.preparation.cropping import CroppedScan, crop_scan
from tasks.ingest.preparation.dark_frames import read_dark
from tasks.ingest.preparation.marked_pixels import spread_indices
from tasks.ingest.preparation.pattern_statistics import PatternStatistics, measure_patterns
from tasks.ingest.preparation.photon_scale import PhotonScale, choose_photon_scale
from tasks.ingest.preparation.probe_guess import ProbeGuess, guess_probe, stated_modes
from tasks.ingest.preparation.shadow_motion import (
    CentralExposures,
    choose_central_exposures,
    measure_shadow_motion,
)
from tasks.ingest.resolved_scan import ResolvedScan

MARGIN_PX = 2
LEAST_PATTERNS = 4


@dataclass(frozen=True)
class PreparedScan(CroppedScan):
    """A measured scan as it will be written; its patterns are still read some at a time.

    Attributes:
        background: What is subtracted from every pattern.
        kept: Indices of the exposures that are kept, shape (K,).
        central: Counts of neighbouring exposures in the middle of the scan, for the checks.
        header: All of the CXI but its patterns.
    """

    statistics: PatternStatistics
    photon_scale: PhotonScale
    background: Background
    bad_pixels: BadPixels
    kept: Indices
    central: CentralExposures
    guess: ProbeGuess
    header: ScanHeader

    @property
    def left_out(self) -> Indices:
        """Numbers in the file of the exposures that are not kept."""
        return np.delete(self.scan.numbers, self.kept)

    def write_scan_cxi(self, path: Path) -> dict[str, Any]:
        """Write a CXI, whole or not at all, a few patterns at a time; return its measured dose."""
        photons, brightest, n_saturated = 0, 0, 0
        good, level = self.header.good_pixels, self.bad_pixels.saturation
        is_kept = np.isin(np.arange(len(self.scan)), self.kept)
        with ScanWriter.open(path, self.header) as writer:
            for start, all_of_it in self.intensities():
                part = all_of_it[is_kept[start : start + len(all_of_it)]]
                if not len(part):
                    continue
                counts = to_counts(part, good, self.background.level, self.photon_scale)
                writer.append(counts)
                if level is not None:
                    n_saturated += int(np.count_nonzero(part[:, good] >= level))
                photons += int(counts.sum(dtype=np.int64))
                brightest = max(brightest, int(counts.max(initial=0)))
            dose = dose_facts(photons, brightest, n_saturated, len(self.kept), good)
            writer.provenance |= {"dose": dose}
        return dose


@dataclass(frozen=True)
class Measurement:
    """What was found of some patterns of a scan before anything is decided of them.

    Attributes:
        statistics: At good pixels, of what is left after dark and background.
        mask: CXI mask, shape (N, N).
        kept: Indices of the patterns that hold about as much light as the others.
    """

    statistics: PatternStatistics
    photon_scale: PhotonScale
    background: Background
    bad_pixels: BadPixels
    mask: NDArray[np.uint32]
    kept: Indices

    @property
    def photons_per_pattern(self) -> float:
        """Mean photons of the patterns that are kept, at their good pixels."""
        light = float(self.statistics.light[self.kept].mean())
        return light * self.photon_scale.photons_per_unit


def measure(cropped: CroppedScan, indices: Indices | None = None) -> Measurement:
    """Measure light, faults and scale of all patterns of a scan, or of some by index.

    Faults are found first, and only then is light measured: a gap full of markers, or one hot
    pixel, would outshine the sample.

    ValueError if values are negative or not finite and not to be masked, nobody knows how many
    photons they are, or too few exposures hold light.
    """
    params, dark = cropped.params, read_dark(cropped.scan, cropped.params.patterns)
    trusted = trusted_pixels(cropped, dark)
    n_patterns = len(cropped.scan) if indices is None else len(indices)

    def look(good: Mask, level: Real64 | None) -> PatternStatistics:
        chosen = cropped.intensities() if indices is None else _one_by_one(cropped, indices)
        return measure_patterns(chosen, good, n_patterns, level)

    stored = look(trusted.good, None)
    refuse_invalid(stored, params)
    scale = choose_photon_scale(stored, params.patterns)
    background = find_background(cropped, dark, stored, trusted.good, scale)
    statistics = stored if background.level is None else look(trusted.good, background.level)
    bad_pixels = find_bad_pixels(
        statistics, trusted, scale.photons_per_unit, params.patterns.saturation
    )
    mask = mask_of(trusted.masked, stored, bad_pixels, params)
    good = good_pixels(mask)
    if np.any(statistics.mean[~good]):
        statistics = replace(
            look(good, background.level), invalid=stored.invalid, largest=stored.largest
        )
    if statistics is not stored:
        scale = choose_photon_scale(statistics, params.patterns)
    numbers = cropped.scan.numbers if indices is None else cropped.scan.numbers[indices]
    kept = _lit_exposures(statistics, params, numbers)
    return Measurement(statistics, scale, background, bad_pixels, mask, kept)


def _one_by_one(cropped: CroppedScan, indices: Indices) -> Iterator[tuple[int, Real64]]:
    """Yield some patterns one after the other, with their place among those that are asked for."""
    for place, index in enumerate(indices):
        yield place, cropped.some(np.array([index]))


def nominal_photons(scan: ResolvedScan, params: IngestParams) -> float:
    """Return the mean photons of a pattern, from at most 64 patterns spread over a scan.

    It is measured as all patterns are by `prepare`: markers, faults, dark and dark patterns are
    left out. ValueError as `measure`, or if the patterns cannot be cropped as asked for.
    """
    return measure(crop_scan(scan, params), spread_indices(len(scan))).photons_per_pattern


def foreseen_probe(scan: ResolvedScan, params: IngestParams) -> Complex128:
    """Return the shape of the first guess of the probe (M, N, N), as `prepare` makes it.

    One that is estimated is that of at most 64 patterns spread over the scan, and of those in the
    middle for its curvature. ValueError as `prepare`.
    """
    cropped = crop_scan(scan, params)
    if (stated := stated_modes(cropped)) is not None:
        return stated
    measured = measure(cropped, spread_indices(len(scan)))
    asked_for = np.flatnonzero(~np.isin(scan.numbers, params.positions.leave_out))
    positions = scan.positions_px(cropped.crop.n_px, cropped.crop.binning)[asked_for]
    return _look_at_the_middle(cropped, measured, positions, asked_for)[1].modes


def prepare(scan: ResolvedScan, params: IngestParams) -> PreparedScan:
    """Decide how a scan is prepared; its patterns are read some at a time, three times at most.

    ValueError if values are negative or not finite and not to be masked, nobody knows how many
    photons they are, too few exposures hold light, or the probe does not fit.
    """
    cropped = crop_scan(scan, params)
    n_px, measured = cropped.crop.n_px, measure(cropped)
    statistics, kept, mask = measured.statistics, measured.kept, measured.mask
    positions = scan.positions_px(n_px, cropped.crop.binning)[kept]
    offset = n_px // 2 + MARGIN_PX - np.floor(positions.min(axis=0))
    central, guess = _look_at_the_middle(cropped, measured, positions, kept)
    central = replace(central, positions_px=central.positions_px + offset)
    known, binning = scan.geometry, cropped.crop.binning
    header = ScanHeader(
        positions_px=positions + offset,
        probe=coherent_probe(guess.modes),
        geometry=Geometry.placeholder(n_px)
        if known is None
        else replace(known, detector_pixel_m=known.detector_pixel_m * binning),
        provenance={},
        modes=guess.modes if len(guess.modes) > 1 else None,
        pixel_mask=mask if mask.any() else None,
    )
    prepared = PreparedScan(
        scan,
        params,
        cropped.crop,
        statistics,
        measured.photon_scale,
        measured.background,
        measured.bad_pixels,
        kept,
        central,
        guess,
        header,
    )
    header.provenance.update(_provenance(prepared, offset))
    return prepared


def _look_at_the_middle(
    cropped: CroppedScan, measured: Measurement, positions: Real64, kept: Indices
) -> tuple[CentralExposures, ProbeGuess]:
    """Return neighbouring exposures in the middle of a scan, and a first guess of its probe.

    Positions (y, x) [px] are those of the kept exposures, by index.
    """
    n_px, trusted, scale = cropped.crop.n_px, good_pixels(measured.mask), measured.photon_scale
    in_place = np.setdiff1d(np.arange(len(kept)), find_stray_positions(positions))
    chosen = in_place[choose_central_exposures(positions[in_place], n_px)]
    stored = cropped.some(kept[chosen])
    counts = to_counts(stored, trusted, measured.background.level, scale)
    mean = measured.statistics.mean * scale.photons_per_unit
    shadows = measure_shadow_motion(counts.astype(np.float64), positions[chosen], trusted)
    guess = guess_probe(cropped, mean, trusted, shadows)
    return CentralExposures(chosen, counts, positions[chosen], shadows), guess


def _lit_exposures(
    statistics: PatternStatistics, params: IngestParams, numbers: Indices
) -> Indices:
    """Return the exposures, of some numbers in the file, with about as much light as the others."""
    is_asked_for = ~np.isin(numbers, params.positions.leave_out)
    lit = statistics.light[statistics.light > 0]
    share = statistics.light / np.median(lit)
    asked = params.patterns
    is_usual = (share >= asked.least_light_ratio) & (share <= asked.most_light_ratio)
    kept = np.flatnonzero(is_usual & is_asked_for)
    if len(kept) < LEAST_PATTERNS:
        raise ValueError(
            f"{len(kept)} of {len(share)} patterns hold between {asked.least_light_ratio:g} and "
            f"{asked.most_light_ratio:g} of the median light, at least {LEAST_PATTERNS} are "
            f"needed. Widen --patterns.least-light-ratio and --patterns.most-light-ratio."
        )
    return kept


def _provenance(prepared: PreparedScan, offset: Real64) -> dict[str, Any]:
    """Return how the scan came to be, as JSON."""
    scan, crop, statistics = prepared.scan, prepared.crop, prepared.statistics
    mask = prepared.header.pixel_mask
    bits = {
        fault.name.lower(): 0 if mask is None else int(np.count_nonzero(mask & np.uint32(fault)))
        for fault in PixelFault
        if fault.name and fault is not PixelFault.HAS_SIGNAL
    }
    return {
        "measured": {
            "parameters": prepared.params.record,
            "format": scan.format,
            "found_at": scan.origins,
            "values": scan.values.value,
            "zero_frequency": scan.zero_frequency.value,
            "stored_shape": list(scan.patterns.shape),
            "stored_type": str(scan.patterns.dtype),
            "centre_px": list(crop.centre_px),
            "n_px": crop.n_px,
            "binning": crop.binning,
            "photons_per_unit": prepared.photon_scale.photons_per_unit,
            "scale_from": prepared.photon_scale.how,
            "left_out": prepared.left_out.tolist(),
            "position_offset_px": offset.tolist(),
            "masked_pixels": bits,
            "invalid_values": int(statistics.invalid.sum()),
            "background_subtracted": prepared.background.level is not None,
            "own_dark": prepared.background.own_dark,
            "probe": prepared.guess.facts,
        },
        "geometry_known": scan.geometry is not None,
        "probe_diameter_px": prepared.guess.facts["diameter_px"],
    }
