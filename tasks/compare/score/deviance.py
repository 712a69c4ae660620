"""How well an object explains the patterns of a scan, with the probe of the scan."""

from dataclasses import dataclass, replace

import numpy as np

from tasks.compare.alignment.region import Region
from tasks.compare.truth_free.held_out import (
    CHUNK_PIXELS,
    Misfit,
    misfit_of,
    patterns_to_predict,
    predicted_intensity,
)
from tasks.core import Indices
from tasks.core.files.object_file import ObjectWindow
from tasks.core.files.scan_reader import ScanReader

DEVIANCE, R_FACTOR = "scan_deviance_per_px", "scan_r_factor"


@dataclass(frozen=True)
class Fit:
    """The misfit of an object to patterns, and the factor of its modulus that fits them best."""

    misfit: Misfit
    modulus_factor: float


def fit_to_patterns(
    scan: ScanReader, window: ObjectWindow, region: Region, light_fraction: float
) -> Fit | None:
    """Hold an object against the patterns that it can predict; None where it can predict none.

    Programs scale objects as they like. The factor of the intensities that has the largest Poisson
    likelihood is that of the counted photons over the predicted ones.
    """
    known, chosen = patterns_to_predict(window, scan.header, region, light_fraction)
    if not len(chosen):
        return None
    counted = predicted = 0.0
    good = scan.header.good_pixels
    for part in _parts(chosen, scan):
        intensity = predicted_intensity(scan.header, known, scan.header.positions_px[part])
        counted += float(scan.read(part)[:, good].sum(dtype=np.float64))
        predicted += float(intensity[:, good].sum())
    if predicted <= 0 or counted <= 0:
        return None
    factor = float(np.sqrt(counted / predicted))
    scaled = replace(known, object_=factor * known.object_)
    found = Misfit()
    for part in _parts(chosen, scan):
        intensity = predicted_intensity(scan.header, scaled, scan.header.positions_px[part])
        found += misfit_of(scan.read(part), intensity, good)
    return Fit(found, factor)


def _parts(chosen: Indices, scan: ScanReader) -> list[Indices]:
    """Return the chosen exposures, some at a time."""
    length = max(1, CHUNK_PIXELS // scan.header.n_px**2)
    return [chosen[start : start + length] for start in range(0, len(chosen), length)]
