"""What a file states of a scan, in its own words; what it does not state is None."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.ingest.conventions import (
    Format,
    MaskSense,
    Moves,
    Order,
    PositionUnit,
    Values,
    ZeroFrequency,
)
from tasks.ingest.files.patterns import PatternSource


@dataclass(frozen=True)
class FilePositions:
    """Positions as they are stored.

    Attributes:
        values: One row for each pattern, shape (J, 2).
        unit: Their unit.
        order: Which column is which.
        moves: Whose they are.
    """

    values: NDArray[np.float64]
    unit: PositionUnit | None = None
    order: Order | None = None
    moves: Moves | None = None


@dataclass(frozen=True)
class FileScan:
    """What a file states of a scan.

    Attributes:
        format: Its format.
        patterns: Where the patterns are read from.
        positions: One for each pattern.
        values: Whether intensities or amplitudes are stored.
        zero_frequency: Where it lies in a stored pattern.
        energy_ev: Photon energy [eV].
        distance_m: From the sample to the detector [m].
        detector_pixel_m: Side of a detector pixel [m].
        object_pixel_m: Side of an object pixel for the stored patterns [m].
        mask: Mask of the detector, shape (H, W).
        mask_sense: Which of its values are good.
        probe_modes: Incoherent modes of a probe, any scale, centred, shape (M, N, N).
        object_: An object that came with the scan, shape (H, W); never a truth.
        geometry_unknown: Whether the file says that nobody knows energy, distance and pixel.
        origins: Where in the file each of these was found.
    """

    format: Format
    patterns: PatternSource
    positions: FilePositions | None = None
    values: Values | None = None
    zero_frequency: ZeroFrequency | None = None
    energy_ev: float | None = None
    distance_m: float | None = None
    detector_pixel_m: float | None = None
    object_pixel_m: float | None = None
    mask: NDArray[Any] | None = None
    mask_sense: MaskSense | None = None
    probe_modes: NDArray[np.complexfloating] | None = None
    object_: NDArray[np.complexfloating] | None = None
    geometry_unknown: bool = False
    origins: dict[str, str] = field(default_factory=dict)


LARGEST_VALUE = 1e30


def probe_modes_of(values: NDArray[Any], where: str) -> NDArray[np.complexfloating]:
    """Return a stored probe as modes (M, N, N), the strongest first.

    Programs store (N, N), (M, N, N), or more axes in front: those of length one are dropped, and
    of several coherent variations (K, M, N, N) the first, the mean probe, is taken.

    Args:
        values: Probe, two to six axes.
        where: What to call it in messages.

    Raises:
        ValueError: If it is no finite square field with light in it.
    """
    modes = values
    while modes.ndim > 3:
        modes = modes[0]
    modes = modes[None] if modes.ndim == 2 else modes
    if modes.ndim != 3 or modes.shape[-1] != modes.shape[-2] or not len(modes):
        raise ValueError(
            f"{where} has the shape {values.shape}, expected a square probe (N, N) or modes "
            f"(M, N, N). Leave it out with --probe.origin estimated, or save it again."
        )
    is_number = modes.dtype.kind in "cfiu"
    if not is_number or not np.all(np.abs(modes) < LARGEST_VALUE) or not np.any(modes):
        raise ValueError(
            f"{where} is no probe: its values ({modes.dtype}) are not finite numbers, or all zero. "
            f"Leave it out with --probe.origin estimated, or save it again."
        )
    modes = modes.astype(np.complex128)
    strongest = np.argsort(-np.sum(np.abs(modes) ** 2, axis=(1, 2)), kind="stable")
    return np.asarray(modes[strongest])


def columns(y: NDArray[Any], x: NDArray[Any]) -> NDArray[np.float64]:
    """Return positions (y, x), shape (J, 2), of two arrays of any shape."""
    if y.size != x.size:
        raise ValueError(
            f"The file has {y.size} positions along y and {x.size} along x, expected as many. "
            f"Export it again."
        )
    return np.stack([y.ravel(), x.ravel()], axis=1).astype(np.float64)
