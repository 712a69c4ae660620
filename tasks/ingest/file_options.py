"""What may have to be said of a file beside it: options, and the choices that they have."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field

from tasks.core import StrictModel
from tasks.core.files.named_files import Fingerprint, fingerprint_of
from tasks.core.files.scan_record import DetectorPixelM, DistanceM, EnergyEv


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
    CM = "cm"
    MM = "mm"
    UM = "um"
    NM = "nm"
    PM = "pm"
    ANGSTROM = "angstrom"
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


class NamedFile(StrictModel):
    """A file beside the scan; its content is a parameter, as its SHA-256."""

    file: Path | None = Field(None, description="The file; none: there is none")
    dataset: str | None = Field(
        None, description="HDF5 dataset of the array; not needed where the file holds one alone"
    )
    file_sha256: Fingerprint = None
    _know_the_file = fingerprint_of("file", "The file")


class LayoutFile(NamedFile):
    """What describes arrays: a YAML, or one that is shipped, by its name."""

    name: str | None = Field(
        None, description="A layout that is shipped, by its name, in place of a file"
    )


class FileOptions(StrictModel):
    """What may be given beside a file; what is given is not read from the file."""

    format: str = Field("auto", description="Format")
    layout: LayoutFile = Field(
        LayoutFile(), description="arrays: YAML that says which array is what"
    )
    product: NamedFile = Field(
        NamedFile(),
        description="Positions and probe of a scan whose file has the patterns alone: a Ptychodus "
        "product (HDF5, NPZ, CXI), the second file of a layout, or a PtyPy .ptyr",
    )
    entry: str | None = Field(
        None, description="CXI, NeXus: entry that is read; none: the only one with patterns"
    )
    detector: str | None = Field(
        None, description="CXI, NeXus: detector that is read; none: the only one with patterns"
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
