"""From a measured scan to the CXI that every reconstructor gets, all that was done on record.

The order is that of the light's way back: pixels are turned, centred, cut and added up (`frames`),
the background is subtracted, values become counts (`counting`), faulty pixels are masked
(`bad_pixels`), exposures without light are left out, positions become absolute object pixels, and a
first guess of the probe is made (`probe_guess`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.scan_file import Geometry, ScanHeader, ScanWriter
from tasks.core.files.scan_record import PixelFault, good_pixels
from tasks.core.physics.probe import coherent_probe
from tasks.ingest.checks.shadow_motion import Middle, choose_middle, measure_shadows
from tasks.ingest.conventions import Invalid, MaskSense
from tasks.ingest.params import IngestParams
from tasks.ingest.preparation.background import Background, read_background, to_counts
from tasks.ingest.preparation.bad_pixels import Faults, find_faults
from tasks.ingest.preparation.cropping import Cut, choose_cut, cut_intensities, cut_mask, read_some
from tasks.ingest.preparation.pattern_statistics import Survey, take_survey
from tasks.ingest.preparation.photon_scale import Counting, choose_counting
from tasks.ingest.preparation.probe_guess import Guess, Light, guess_probe, read_named_array
from tasks.ingest.resolved_scan import MeasuredScan

MARGIN_PX = 2
LEAST_PATTERNS = 4


@dataclass(frozen=True)
class PreparedScan:
    """A measured scan as it will be written; its patterns are still read some at a time.

    Attributes:
        scan: The scan as it is stored.
        params: How it is prepared.
        cut: Which part of the patterns is kept.
        survey: Statistics of the cut patterns, in the unit of the file.
        counting: How many photons a unit is.
        background: What is subtracted.
        faults: What was found of the detector.
        kept: Indices of the exposures that are kept, shape (K,).
        middle: Counts of neighbouring exposures in the middle of the scan, for the checks.
        guess: First guess of the probe.
        header: All of the CXI but its patterns.
    """

    scan: MeasuredScan
    params: IngestParams
    cut: Cut
    survey: Survey
    counting: Counting
    background: Background
    faults: Faults
    kept: NDArray[np.intp]
    middle: Middle
    guess: Guess
    header: ScanHeader

    def counts(self) -> Iterator[NDArray[np.uint32]]:
        """Yield the counts of the kept exposures, some at a time, shape (any, N, N)."""
        for part in self._kept_intensities():
            yield self._counts_of(part)

    def _kept_intensities(self) -> Iterator[NDArray[np.float64]]:
        """Yield the cut patterns of the kept exposures, some at a time, in the file's unit."""
        is_kept = np.zeros(len(self.scan), dtype=np.bool_)
        is_kept[self.kept] = True
        for start, part in cut_intensities(self.scan, self.params, self.cut):
            chosen = part[is_kept[start : start + len(part)]]
            if len(chosen):
                yield chosen

    def _counts_of(self, part: NDArray[np.float64]) -> NDArray[np.uint32]:
        return to_counts(part, self.header.good_pixels, self.background, self.counting)

    def write_scan_cxi(self, path: Path) -> dict[str, Any]:
        """Write the scan, whole or not at all, a few patterns in memory at a time.

        Args:
            path: CXI file to write.

        Returns:
            The measured dose, as it is recorded in the file.
        """
        photons, brightest, n_saturated = 0, 0, 0
        good, level = self.header.good_pixels, self.faults.saturation
        n_good = int(good.sum())
        with ScanWriter.open(path, self.header) as writer:
            for part in self._kept_intensities():
                counts = self._counts_of(part)
                writer.append(counts)
                if level is not None:
                    n_saturated += int(np.count_nonzero(part[:, good] >= level))
                photons += int(counts.sum(dtype=np.int64))
                brightest = max(brightest, int(counts.max(initial=0)))
            measured = photons / len(self.kept)
            dose = {
                "measured_photons_per_pattern": measured,
                "counts_per_px": measured / n_good,
                "brightest_pixel_counts": float(brightest),
                "saturated_fraction": n_saturated / (len(self.kept) * n_good),
                "good_pixel_fraction": n_good / self.header.good_pixels.size,
            }
            writer.provenance |= {"dose": dose}
        return dose


def prepare(scan: MeasuredScan, params: IngestParams) -> PreparedScan:
    """Decide how a scan is prepared; its patterns are read once, some at a time.

    Args:
        scan: The scan (`open_scan`).
        params: What was asked for.

    Returns:
        The prepared scan; nothing is written yet.

    Raises:
        ValueError: If values are negative or not finite and not to be masked, nobody knows how many
            photons they are, too few exposures hold light, or the probe does not fit.
    """
    cut = choose_cut(scan, params)
    good = _trusted(scan, params, cut)
    survey = take_survey(cut_intensities(scan, params, cut), good, len(scan))
    _refuse_invalid(survey, params)
    counting = choose_counting(survey, params.patterns)
    faults = find_faults(
        survey, good & (survey.invalid == 0), counting.photons_per_unit, params.patterns.saturation
    )
    mask = _mask(good, survey, faults, params)
    background = read_background(scan, params, cut, counting)
    kept = _lit_exposures(survey, params)
    positions = scan.positions_px(cut.n_px, cut.binning)[kept]
    offset = cut.n_px // 2 + MARGIN_PX - np.floor(positions.min(axis=0))
    trusted = good_pixels(mask)
    chosen = choose_middle(positions, cut.n_px)
    some = read_some(scan, params, cut, kept[chosen])
    counts = to_counts(some, trusted, background, counting)
    light = Light(
        mean=np.clip(survey.mean - background.per_px, 0, None) * counting.photons_per_unit,
        good=trusted,
        shadows=measure_shadows(counts.astype(np.float64), positions[chosen], trusted),
    )
    guess = guess_probe(scan, params, cut, scan.geometry, light)
    middle = Middle(chosen, counts, positions[chosen] + offset, light.shadows)
    header = ScanHeader(
        positions_px=positions + offset,
        probe=coherent_probe(guess.modes),
        geometry=_binned_geometry(scan, cut),
        provenance={},
        modes=guess.modes if len(guess.modes) > 1 else None,
        pixel_mask=mask if mask.any() else None,
    )
    prepared = PreparedScan(
        scan, params, cut, survey, counting, background, faults, kept, middle, guess, header
    )
    header.provenance.update(_provenance(prepared, offset))
    return prepared


def _trusted(scan: MeasuredScan, params: IngestParams, cut: Cut) -> NDArray[np.bool_]:
    """Return the pixels that the scan's mask and the named one trust, cut, shape (N, N)."""
    shape = scan.patterns.shape[1:]
    good = np.ones(shape, dtype=np.bool_) if scan.good is None else scan.good
    if params.mask.file is not None:
        given = read_named_array(params.mask, "mask")
        if params.mask.sense is None or given.shape != shape:
            raise ValueError(
                f"The mask {params.mask.file} has the shape {given.shape}, the patterns {shape}, "
                f"and its sense is {params.mask.sense}. Give the mask of the patterns as they are "
                f"stored, and --mask.sense zero_is_good or nonzero_is_good."
            )
        good = good & ((given != 0) == (params.mask.sense is MaskSense.NONZERO_IS_GOOD))
    return np.asarray(cut_mask(good, scan, params, cut))


def _refuse_invalid(survey: Survey, params: IngestParams) -> None:
    """Refuse values that no photons make, unless their pixels are to be masked."""
    bad = int(survey.invalid.sum())
    if not bad or params.patterns.invalid is Invalid.MASK:
        return
    n_pixels = int(np.count_nonzero(survey.invalid))
    raise ValueError(
        f"{bad} values in {n_pixels} pixels are negative or not finite, the first in pattern "
        f"{survey.first_invalid[0] if survey.first_invalid else 0} at (row, column) "
        f"{survey.first_invalid[1:] if survey.first_invalid else ()} of the cut. Photons are "
        f"neither: give --patterns.invalid mask to mask those pixels in all patterns, or repair "
        f"the file (a dark frame is subtracted by --patterns.dark.file, not beforehand)."
    )


def _mask(
    good: NDArray[np.bool_], survey: Survey, faults: Faults, params: IngestParams
) -> NDArray[np.uint32]:
    """Return the CXI mask, shape (N, N)."""
    mask = np.where(good & (survey.invalid == 0), np.uint32(0), np.uint32(PixelFault.INVALID))
    if params.patterns.mask_found:
        mask |= faults.as_mask()
    if not good_pixels(mask).any():
        raise ValueError("The mask leaves no good pixel. Check --mask.sense.")
    return np.asarray(mask, dtype=np.uint32)


def _lit_exposures(survey: Survey, params: IngestParams) -> NDArray[np.intp]:
    """Return the exposures that hold about as much light as the others."""
    share = survey.light / np.median(survey.light)
    asked = params.patterns
    kept = np.flatnonzero((share >= asked.least_light_ratio) & (share <= asked.most_light_ratio))
    if len(kept) < LEAST_PATTERNS:
        raise ValueError(
            f"{len(kept)} of {len(share)} patterns hold between {asked.least_light_ratio:g} and "
            f"{asked.most_light_ratio:g} of the median light, at least {LEAST_PATTERNS} are "
            f"needed. Widen --patterns.least-light-ratio and --patterns.most-light-ratio."
        )
    return kept


def _binned_geometry(scan: MeasuredScan, cut: Cut) -> Geometry:
    """Return the instrument for the prepared pixels; a placeholder where it is not known."""
    if scan.geometry is None:
        return Geometry.placeholder(cut.n_px)
    found = scan.geometry
    return Geometry(found.energy_ev, found.distance_m, found.detector_pixel_m * cut.binning)


def _provenance(prepared: PreparedScan, offset: NDArray[np.float64]) -> dict[str, Any]:
    """Return how the scan came to be, as JSON."""
    scan, cut, survey = prepared.scan, prepared.cut, prepared.survey
    left_out = np.setdiff1d(np.arange(len(scan)), prepared.kept)
    mask = prepared.header.pixel_mask
    bits = {
        fault.name.lower(): 0 if mask is None else int(np.count_nonzero(mask & np.uint32(fault)))
        for fault in PixelFault
        if fault.name and fault is not PixelFault.HAS_SIGNAL
    }
    return {
        "measured": {
            "parameters": prepared.params.record,
            "format": scan.format.value,
            "found_at": scan.origins,
            "values": scan.values.value,
            "zero_frequency": scan.zero_frequency.value,
            "stored_shape": list(scan.patterns.shape),
            "stored_type": str(scan.patterns.dtype),
            "centre_px": list(cut.centre_px),
            "n_px": cut.n_px,
            "binning": cut.binning,
            "photons_per_unit": prepared.counting.photons_per_unit,
            "scale_from": prepared.counting.how,
            "left_out": left_out.tolist(),
            "position_offset_px": offset.tolist(),
            "masked_pixels": bits,
            "invalid_values": int(survey.invalid.sum()),
            "background_subtracted": prepared.background.is_any,
            "probe": prepared.guess.facts,
        },
        "geometry_known": scan.geometry is not None,
        "probe_diameter_px": prepared.guess.facts["diameter_px"],
    }
