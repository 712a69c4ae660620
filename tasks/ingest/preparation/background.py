"""What is subtracted from the patterns, and how values then become counts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.ingest.params import IngestParams
from tasks.ingest.preparation.cropping import Crop, oriented
from tasks.ingest.preparation.photon_scale import PhotonScale
from tasks.ingest.preparation.probe_guess import read_named_array
from tasks.ingest.resolved_scan import ResolvedScan


@dataclass(frozen=True)
class Background:
    """What is subtracted before values become counts.

    Attributes:
        per_px: In the unit of the file, shape (N, N).
        is_any: Whether there is anything to subtract.
    """

    per_px: NDArray[np.float64]
    is_any: bool


def read_background(
    scan: ResolvedScan, params: IngestParams, crop: Crop, photon_scale: PhotonScale
) -> Background:
    """Return what is subtracted, in the unit of the file.

    Raises:
        ValueError: If the dark frame is not that of these patterns.
    """
    asked = params.patterns
    level = asked.background_per_px / photon_scale.photons_per_unit
    per_px = np.full((crop.n_px, crop.n_px), level)
    if asked.dark.file is None:
        return Background(per_px, asked.background_per_px > 0)
    dark = read_named_array(asked.dark, "dark").astype(np.float64)
    if dark.shape != scan.patterns.shape[1:] or not np.all(np.isfinite(dark)):
        raise ValueError(
            f"The dark frame {asked.dark.file} has the shape {dark.shape}, the patterns "
            f"{scan.patterns.shape[1:]}, or it is not finite. Give the mean dark frame of this "
            f"detector, as the patterns are stored."
        )
    return Background(per_px + crop.binned(oriented(dark, scan.zero_frequency, asked)), is_any=True)


def to_counts(
    intensities: NDArray[np.float64],
    good: NDArray[np.bool_],
    background: Background,
    photon_scale: PhotonScale,
) -> NDArray[np.uint32]:
    """Return counts: background off, scaled, rounded, never negative, zero where masked."""
    values = intensities - background.per_px if background.is_any else intensities
    photons = np.rint(values * photon_scale.photons_per_unit)
    return np.where(good & (photons > 0), photons, 0.0).astype(np.uint32)
