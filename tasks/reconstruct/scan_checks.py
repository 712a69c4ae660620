"""What a scan must be before a solver may spend minutes on it, and the object to start from."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.object_file import ObjectWindow, read_object
from tasks.core.files.scan_record import Scan
from tasks.core.geometry.patches import illumination_map, lit_pixels, scan_box
from tasks.core.physics.forward import propagate

TRANSMISSION_RANGE = (0.01, 1.5)
LIT_FRACTION = 0.05
LEAST_COVERED = 0.95


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
    _refuse_what_is_not_finite(scan)
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


def _refuse_what_is_not_finite(scan: Scan) -> None:
    for name, values in (
        ("diffraction counts", scan.diffraction_counts),
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


def flat_object(scan: Scan) -> ObjectWindow:
    """Return an object without content over all patches, as transparent as the counts say."""
    box = scan_box(scan.positions_px, scan.n_px)
    flat = np.full(box.shape, np.sqrt(mean_transmission(scan)), dtype=np.complex64)
    return ObjectWindow(flat, box.corner_px)


def given_object(scan: Scan, path: Path) -> ObjectWindow:
    """Return an object from a file on the solver's canvas, at its absolute position.

    Pixels that the file does not hold, or holds as zero because no light fell there, are those of
    the flat object, turned by the mean phase of the others so that no edge arises.

    Raises:
        ValueError: If the object is not finite or leaves much of the lit area empty; the message
            names the file.
    """
    given, flat = read_object(path), flat_object(scan)
    if not np.all(np.isfinite(given.object_)):
        count = int(np.count_nonzero(~np.isfinite(given.object_)))
        raise ValueError(
            f"The initial object {path} holds {count} values that are not finite, and one of them "
            f"would spread over the whole reconstruction. Start from an object that is finite, or "
            f"from none for a flat start."
        )
    values = given.cut(flat.window)
    held = np.isfinite(values) & (values != 0)
    lit = lit_area(scan, flat)
    covered = float(held[lit].mean())
    if covered < LEAST_COVERED:
        raise ValueError(
            f"The initial object {path} holds {100 * covered:.3g} % of the pixels that the scan "
            f"lights, expected at least {100 * LEAST_COVERED:.3g} %: its first pixel lies at "
            f"{given.origin_px}, the scan's at {flat.origin_px}. Give an object of this scan, or "
            f"none for a flat start."
        )
    total = values[held & lit].sum()
    turn = total / abs(total) if total else 1
    whole = np.where(held, values, flat.object_ * turn).astype(np.complex64)
    return ObjectWindow(whole, flat.origin_px)


def lit_area(scan: Scan, window: ObjectWindow) -> NDArray[np.bool_]:
    """Return where the light of all modes, summed over the scan, is enough to reconstruct from."""
    inside = scan.positions_px - np.asarray(window.origin_px)
    height, width = window.object_.shape
    maps = [illumination_map(mode, inside, (height, width)) for mode in scan.probe_modes]
    return lit_pixels(np.sum(maps, axis=0), LIT_FRACTION)
