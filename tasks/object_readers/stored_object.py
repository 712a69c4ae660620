"""A complex object as a file of any program holds it, and the checks that all formats share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core import Complex
from tasks.core.files.foreign_hdf5 import as_complex

SMALLEST_PX = 16
# Names that programs give to an object, in any case of letters.
OBJECT_NAMES = (
    "object",
    "obj",
    "objectguess",
    "object_guess",
    "object_",
    "reconstruction",
    "reconstructed_object",
    "recon",
    "ob",
    "psi",
)


@dataclass(frozen=True)
class StoredObject:
    """An object, and what its file says of its pixels.

    Attributes:
        object_: Complex transmission, finite, shape (H, W), axes (y, x).
        pixel_m: Side of a pixel [m]; None where the file does not say.
        origin_px: Place of pixel [0, 0] in the frame of the positions (y, x), in pixels of the
            object; None where the file does not say.
        format_name: Name of the format, filled in by `read_stored_object`.
    """

    object_: Complex
    pixel_m: float | None = None
    origin_px: tuple[float, float] | None = None
    format_name: str = ""


def one_plane(values: NDArray[Any], where: str) -> Complex:
    """Return the only plane of an array, complex, (H, W): axes of length 1 are dropped.

    Raises:
        ValueError: If it is not complex, has several layers, is no image, is not finite or zero.
    """
    values = as_complex(values)
    if not np.iscomplexobj(values):
        raise ValueError(
            f"{where} must be complex, got {values.dtype} of shape {values.shape}. Name the "
            f"complex object; amplitude and phase apart are read from X_amplitude.tif and "
            f"X_phase.tif."
        )
    plane = values.reshape([n for n in values.shape if n != 1] or [1])
    if plane.ndim > 2:
        raise ValueError(
            f"{where} has several layers or objects: shape {values.shape}. Save the one that is to "
            f"be scored, or their product, as an array (H, W)."
        )
    if plane.ndim < 2 or min(plane.shape) < SMALLEST_PX:
        raise ValueError(
            f"{where} must be an image of at least {SMALLEST_PX} x {SMALLEST_PX} px, got shape "
            f"{values.shape}. Name the object itself."
        )
    lost = int(np.count_nonzero(~np.isfinite(plane)))
    if lost:
        raise ValueError(
            f"{lost} of {plane.size} pixels of {where} are not finite. Reconstruct again, or cut "
            f"the object to what is known."
        )
    if not plane.any():
        raise ValueError(f"{where} is zero everywhere. It was saved too early: reconstruct again.")
    return np.asarray(plane)


def chosen_name(names: Sequence[str], where: str) -> str:
    """Return the name of the only complex array, or of the only one that is called an object.

    Raises:
        ValueError: If there is none, or several could be meant.
    """
    called = [name for name in names if name.lower() in OBJECT_NAMES]
    if len(called) == 1 or len(names) == 1:
        return called[0] if called else names[0]
    if not names:
        raise ValueError(
            f"{where} holds no complex array of two axes or more. Save the object as a complex "
            f"array named `object`."
        )
    raise ValueError(
        f"{where} holds several complex arrays: {', '.join(sorted(called or names))}. Save the one "
        f"that is to be scored alone, or name it `object`."
    )


def pixel_side(sides: Sequence[float | None], where: str) -> float | None:
    """Return the side of square pixels [m]; None where no side is stated.

    Raises:
        ValueError: If pixels are not square, or a side is not positive.
    """
    known = [float(side) for side in sides if side is not None]
    if not known:
        return None
    if min(known) <= 0 or not np.all(np.isfinite(known)):
        raise ValueError(f"{where} has pixels of {known} m. Sides are positive: correct the file.")
    if max(known) > 1.001 * min(known):
        raise ValueError(
            f"{where} has pixels of {known[0]:g} x {known[-1]:g} m, which are not square. Resample "
            f"the object to square pixels."
        )
    return float(np.mean(known))
