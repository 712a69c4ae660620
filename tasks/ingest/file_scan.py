"""What a file states of a scan, in its own words, and what may have to be said beside it."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tasks.core import Complex, Mask, Real64, StrictModel
from tasks.core.files.named_files import Fingerprint, fingerprint_of
from tasks.core.files.scan_record import DetectorPixelM, DistanceM, EnergyEv
from tasks.ingest.files.patterns import Patterns


class Values(StrEnum):
    """What the stored patterns are."""

    INTENSITY = "intensity"
    AMPLITUDE = "amplitude"


class ZeroFrequency(StrEnum):
    """Where the zero frequency of a stored pattern lies: at [H // 2, W // 2] or at [0, 0]."""

    CENTRE = "centre"
    CORNER = "corner"


class Moves(StrEnum):
    """What the stated positions are those of: the sample, or the probe over the object."""

    SAMPLE = "sample"
    PROBE = "probe"


class Order(StrEnum):
    """Order of the two columns of positions."""

    YX = "yx"
    XY = "xy"


class PositionUnit(StrEnum):
    """Unit of positions."""

    M = "m"
    MM = "mm"
    UM = "um"
    NM = "nm"
    PX = "px"


class MaskSense(StrEnum):
    """Which values of a mask name the pixels that can be trusted."""

    ZERO_IS_GOOD = "zero_is_good"
    NONZERO_IS_GOOD = "nonzero_is_good"


class ProbeOrigin(StrEnum):
    """Where the probe comes from; `auto` takes the scan's own, else estimates one."""

    AUTO = "auto"
    SCAN = "scan"
    OPTICS = "optics"
    FILE = "file"
    ESTIMATED = "estimated"


class Invalid(StrEnum):
    """What is done with values that no photons make: negative or not finite."""

    REFUSE = "refuse"
    MASK = "mask"


class Recentre(StrEnum):
    """Which pixel becomes the zero frequency: the stored one, or the mean pattern's centre."""

    NONE = "none"
    MASS = "mass"


LARGEST_VALUE = 1e30
LARGEST_COUNTABLE = 1e15
# The largest integers of 32 bits, and what single precision makes of them; those of 64 bits are
# above the largest countable value.
MARKERS = (2.0**31 - 1, 2.0**31, 2.0**32 - 1, 2.0**32)


def is_marker(values: NDArray[Any]) -> Mask:
    """Return where stored values are the largest integer of a type: no detector counts so far."""
    is_small = values.dtype.kind in "iu" and values.dtype.itemsize < 4
    if is_small or not np.any(values >= MARKERS[0]):
        return np.zeros(values.shape, dtype=np.bool_)
    return np.asarray(np.isin(values, MARKERS))


class NamedFile(StrictModel):
    """A file beside the scan; its content is a parameter, as its SHA-256."""

    file: Path | None = Field(None, description="The file; none: there is none")
    dataset: str | None = Field(
        None, description="HDF5 dataset of the array; not needed where the file holds one alone"
    )
    file_sha256: Fingerprint = None
    _know_the_file = fingerprint_of("file", "The file")


class FileOptions(StrictModel):
    """What may be given beside a file; what is given is not read from the file."""

    format: str = Field("auto", description="Format")
    layout: NamedFile = Field(NamedFile(), description="arrays: YAML that says which array is what")
    product: NamedFile = Field(
        NamedFile(),
        description="Positions and probe of a scan whose file has the patterns alone: a Ptychodus "
        "product or a PtyPy .ptyr",
    )
    data_root: Path | None = Field(
        None, description="Folder that file and links must stay in; none: that of the file"
    )
    unpacked_limit_gib: float = Field(
        16.0, gt=0, le=4096, description="Most that an archive may unpack to [GiB]"
    )
    n_px: int | None = Field(
        None,
        ge=16,
        le=2048,
        multiple_of=2,
        description="Crop the patterns, binned, to this side; none: the largest even square [px]",
    )
    energy_ev: EnergyEv | None = Field(None, description="Photon energy; none: the file's [eV]")
    distance_m: DistanceM | None = Field(
        None, description="From the sample to the detector; none: the file's [m]"
    )
    detector_pixel_m: DetectorPixelM | None = Field(
        None, description="Side of a detector pixel before binning; none: the file's [m]"
    )


@dataclass(frozen=True)
class FilePositions:
    """Positions as they are stored, one row for each pattern, (J, 2); order None: not stated."""

    values: Real64
    unit: PositionUnit
    moves: Moves
    order: Order | None = Order.YX


@dataclass(frozen=True)
class FileScan:
    """What a file states of a scan; None for what it does not state.

    Attributes:
        object_pixel_m: Side of an object pixel for the stored patterns [m].
        mask: Mask of the detector, shape (H, W).
        dark: Dark frame (H, W), or a stack of them, in the unit of the patterns.
        probe_modes: Incoherent modes of a probe, any scale, centred, shape (M, N, N).
        geometry_unknown: Whether the file says that energy, distance and pixel are not known.
        origins: Where in the file each of these was found.
    """

    patterns: Patterns
    positions: FilePositions
    values: Values = Values.INTENSITY
    zero_frequency: ZeroFrequency = ZeroFrequency.CENTRE
    energy_ev: float | None = None
    distance_m: float | None = None
    detector_pixel_m: float | None = None
    object_pixel_m: float | None = None
    mask: NDArray[Any] | None = None
    mask_sense: MaskSense | None = None
    dark: NDArray[Any] | None = None
    probe_modes: Complex | None = None
    geometry_unknown: bool = False
    origins: dict[str, str] = field(default_factory=dict)


def probe_modes_of(values: NDArray[Any], where: str) -> Complex:
    """Return a stored probe as modes (M, N, N), the strongest first; `where` is what to call it.

    Programs store (N, N), (M, N, N), or more axes in front: those of length one are dropped, and of
    several coherent variations (K, M, N, N) the first, the mean probe, is taken. ValueError if it
    is no finite square field with light in it.
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


def columns(y: NDArray[Any], x: NDArray[Any]) -> Real64:
    """Return positions (y, x), shape (J, 2), of two arrays of any shape."""
    if y.size != x.size:
        raise ValueError(
            f"The file has {y.size} positions along y and {x.size} along x, expected as many. "
            f"Export it again."
        )
    return np.stack([y.ravel(), x.ravel()], axis=1).astype(np.float64)
