"""What a scan must be before a solver may spend minutes on it."""

import numpy as np

from tasks.core.files.scan_file import Scan
from tasks.core.physics.forward import propagate

TRANSMISSION_RANGE = (0.01, 1.5)


def detected_photons(scan: Scan) -> float:
    """Return the mean photons of a pattern, as if every pixel of the detector were good.

    The good pixels are counted; of the empty beam, all modes of it, they would see a share that is
    known, and its inverse stands for the others.
    """
    counts, good = scan.diffraction_counts, scan.good_pixels
    if good.all():
        return float(counts.sum(dtype=np.float64)) / len(scan)
    light = np.sum(np.abs(propagate(scan.probe_modes)) ** 2, axis=0)
    seen = float(counts.sum(axis=0, dtype=np.float64)[good].sum()) / len(scan)
    return seen * float(light.sum() / light[good].sum())


def mean_transmission(scan: Scan) -> float:
    """Return the detected share of the photons that the probe carries."""
    return detected_photons(scan) / float(np.sum(np.abs(scan.probe) ** 2))


def check_scan(scan: Scan) -> None:
    """Refuse a scan that cannot be reconstructed.

    One pixel that is not finite would spread over the whole object without an exception.

    Raises:
        ValueError: If shapes disagree, a value is not finite, the mask leaves nothing, counts are
            negative or all zero, or the counts do not fit the photons that the probe carries.
    """
    counts, n_px = scan.diffraction_counts, scan.n_px
    if not len(scan) or counts.shape != (len(scan), n_px, n_px) or n_px % 2:
        raise ValueError(
            f"Expected one pattern of {n_px} x {n_px} px (the probe's, even) for each of "
            f"{len(scan)} positions, got diffraction counts of shape {counts.shape}. Crop the "
            f"patterns to the probe, or give the probe that belongs to them."
        )
    for name, values in (
        ("diffraction counts", counts),
        ("positions", scan.positions_px),
        ("probe", scan.probe),
        ("modes", scan.probe_modes),
    ):
        # Integers are finite, and a mask of all counts would take as much memory as they do.
        bad = np.empty(0) if values.dtype.kind in "iu" else np.flatnonzero(~np.isfinite(values))
        if len(bad):
            first = tuple(int(index) for index in np.unravel_index(bad[0], values.shape))
            raise ValueError(
                f"{len(bad)} values of the {name} are not finite, the first at {first}. Mask or "
                f"repair them before the reconstruction."
            )
    if not scan.good_pixels.any():
        raise ValueError(
            "The mask leaves no good pixel. Keep those that count; a fault is any bit but 0x1000."
        )
    if counts.min() < 0:
        raise ValueError(
            f"Diffraction counts are photons and cannot be negative, got {counts.min()}. "
            f"Subtract the dark frame before counting, and clip at zero."
        )
    if not (counts.any() and scan.probe.any()):
        raise ValueError(
            "The diffraction counts or the probe are zero everywhere. Check the shutter and the "
            "dark-frame subtraction."
        )
    transmission = mean_transmission(scan)
    if not TRANSMISSION_RANGE[0] <= transmission <= TRANSMISSION_RANGE[1]:
        raise ValueError(
            f"The patterns hold {transmission:.3g} times the photons that the probe carries, "
            f"expected {TRANSMISSION_RANGE[0]} to {TRANSMISSION_RANGE[1]}. Give counts, not "
            f"amplitudes, and a probe scaled to sqrt(photons); mask hot pixels, not the whole beam."
        )
