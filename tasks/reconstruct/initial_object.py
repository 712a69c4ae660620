"""The object that a solver starts from: flat, or given and laid onto the solver's canvas."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.core.files.object_file import ObjectWindow, read_object
from tasks.core.files.scan_file import Scan
from tasks.core.geometry.patches import illumination_map, lit_pixels, scan_box
from tasks.reconstruct.scan_checks import mean_transmission

LIT_FRACTION = 0.05
LEAST_COVERED = 0.95


def flat_object(scan: Scan) -> ObjectWindow:
    """Return an object without content over all patches, as transparent as the counts say."""
    box = scan_box(scan.positions_px, scan.n_px)
    flat = np.full(box.shape, np.sqrt(mean_transmission(scan)), dtype=np.complex64)
    return ObjectWindow(flat, box.corner_px)


def given_object(scan: Scan, path: Path) -> ObjectWindow:
    """Return an object from a file on the solver's canvas, at its absolute position.

    Pixels that the file does not hold, or holds as zero because no light fell there, are those of
    the flat object, turned by the mean phase of the others so that no edge arises.

    Args:
        scan: The scan to reconstruct.
        path: Object, as `tasks.core.files.object_file` writes it.

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
    """Return where the light of all modes, summed over the scan, is enough to reconstruct from.

    Args:
        scan: The scan.
        window: Part of the frame that holds every patch, (H, W).
    """
    inside = scan.positions_px - np.asarray(window.origin_px)
    height, width = window.object_.shape
    maps = [illumination_map(mode, inside, (height, width)) for mode in scan.probe_modes]
    return lit_pixels(np.sum(maps, axis=0), LIT_FRACTION)
