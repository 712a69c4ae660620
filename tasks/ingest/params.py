"""Parameters of importing, checking and preparing a measured scan."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from tasks.core import StrictModel
from tasks.core.files.named_files import (
    Fingerprint,
    fingerprint_of,
    name_field,
    one_of,
    without_folders,
)
from tasks.ingest.file_options import (
    FileOptions,
    Invalid,
    MaskSense,
    Moves,
    NamedFile,
    Order,
    PositionUnit,
    ProbeOrigin,
    Recentre,
    Values,
    ZeroFrequency,
)
from tasks.ingest.files.tiff_series import series_sha256
from tasks.ingest.importers import IMPORTERS
from tasks.ingest.raster import read_raster

# The format that the file itself shows.
AUTO = "auto"
FORMATS = (AUTO, *IMPORTERS)
# What options are typed with for a run.
RUN_PREFIX = "measured."
# The files of an import; here, where those find them who plan one and load nothing that makes it.
OUTPUTS = {
    "scan": "scan.cxi",
    "checks": "checks.json",
    "page": "checks.html",
    "patterns_plot": "patterns.png",
    "positions_plot": "positions.png",
    "light_plot": "light.png",
    "orientation_plot": "orientation.png",
}


class PositionsParams(NamedFile):
    """What the file does not say of its positions, and how they are turned.

    With a file of their own, unit, order and `moves` are those of that file. Its `dataset` may name
    two arrays, `y,x`.
    """

    unit: PositionUnit | None = Field(
        None, description=f"Unit of the positions: {', '.join(PositionUnit)}; none: the file's"
    )
    order: Order | None = Field(
        None, description="Columns as they are stored: yx or xy; none: the format's"
    )
    moves: Moves | None = Field(
        None, description="Whose positions they are: sample or probe; none: the format's"
    )
    swap: bool = Field(False, description="Swap y and x of the positions")
    negate_y: bool = Field(False, description="Negate y of the positions, after a swap")
    negate_x: bool = Field(False, description="Negate x of the positions, after a swap")
    raster: str | None = Field(
        None,
        description="Raster in place of positions: ROWSxCOLUMNS,STEP with its unit, row by row, "
        "such as 20x30,0.5um, 20x30,0.5x0.4um (steps along y and x) or 20x30,0.5um,snake",
    )
    leave_out: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        (), description="Exposures to leave out, counted from 0, as where a position is wrong"
    )

    @model_validator(mode="after")
    def _raster_is_written_well(self) -> "PositionsParams":
        if self.raster is not None:
            read_raster(self.raster)
            if self.file is not None:
                raise ValueError(
                    "--positions.raster and --positions.file both give the positions. Give one."
                )
        return self


class PatternParams(StrictModel):
    """What the file does not say of its patterns, and how they are cut and corrected."""

    values: Values | None = Field(
        None, description="What is stored: intensity or amplitude; none: the format's"
    )
    zero_frequency: ZeroFrequency | None = Field(
        None, description="Where it lies: centre or corner; none: the format's"
    )
    transpose: bool = Field(False, description="Exchange rows and columns of every pattern")
    flip_y: bool = Field(False, description="Turn every pattern upside down, after a transposition")
    flip_x: bool = Field(False, description="Mirror every pattern, after a transposition")
    recentre: Recentre = Field(
        Recentre.NONE,
        description="none: the zero frequency is where the format has it; mass: at the centre of "
        "mass of the mean pattern",
    )
    binning: int = Field(1, ge=1, le=16, description="Add up so many by so many detector pixels")
    photons_per_unit: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Photons of one unit of the stored intensity (of the square of the amplitude)",
    )
    photons_per_pattern: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="Mean photons of a pattern, where the stored values are normalised",
    )
    background_per_px: float = Field(
        0.0, ge=0, allow_inf_nan=False, description="Counts to subtract from every pixel"
    )
    dark: NamedFile = Field(NamedFile(), description="Dark frame to subtract, (H, W)")
    invalid: Invalid = Field(
        Invalid.REFUSE,
        description="Negative and not finite values: refuse, or mask the pixels that hold them",
    )
    saturation: float | None = Field(
        None, gt=0, description="Value from which a pixel is saturated; none: found in the data"
    )
    mask_found: bool = Field(True, description="Mask the hot and dead pixels that are found")
    least_light_ratio: float = Field(
        0.1, ge=0, lt=1, description="Leave out frames with less of the median light than this"
    )
    most_light_ratio: float = Field(
        10.0, gt=1, description="Leave out frames with more of the median light than this"
    )

    @model_validator(mode="after")
    def _one_scale(self) -> "PatternParams":
        if self.photons_per_unit is not None and self.photons_per_pattern is not None:
            raise ValueError(
                "photons_per_unit and photons_per_pattern both set the scale of the patterns. "
                "Give one of them."
            )
        return self


class MaskParams(NamedFile):
    """Which detector pixels can be trusted."""

    sense: MaskSense | None = Field(
        None, description="zero_is_good or nonzero_is_good; none: the format's"
    )


class GuessParams(NamedFile):
    """Where the first guess of the probe comes from."""

    origin: ProbeOrigin = Field(
        ProbeOrigin.AUTO,
        description="auto: the scan's own, else estimated; scan, optics (a zone plate), file "
        "(.npy, .npz or HDF5), estimated (from the mean pattern)",
    )
    outermost_zone_m: float | None = Field(
        None, gt=0, lt=1e-3, description="optics: width of the zone plate's outermost zone [m]"
    )
    central_stop_fraction: float = Field(
        0.0, ge=0, lt=1, description="optics: diameter of the central stop over the zone plate's"
    )
    defocus_m: float = Field(
        0.0, allow_inf_nan=False, description="Distance of the sample from the focus [m]"
    )
    n_modes: int = Field(1, ge=1, le=15, description="Incoherent modes of the guess")


class IngestOptions(FileOptions):
    """What the file of a measured scan does not say of it, and how the scan is prepared."""

    format: Annotated[str, one_of(FORMATS, "format")] = name_field(AUTO, FORMATS, "Format")
    geometry_unknown: bool = Field(
        False,
        description="Energy, distance and pixel are not known: the positions are in pixels, and "
        "no length is stated",
    )
    positions: PositionsParams = PositionsParams()
    patterns: PatternParams = PatternParams()
    mask: MaskParams = MaskParams()
    probe: GuessParams = GuessParams()
    check_orientation: bool = Field(
        True, description="Find out whether the scan fits better when it is turned"
    )
    accept: tuple[str, ...] = Field(
        (), description="Codes of findings that shall not stop the import"
    )


class IngestParams(IngestOptions):
    """A measured scan, what its file does not say of it, and how it is prepared."""

    file: Path = Field(description="The measured scan")
    file_sha256: Fingerprint = None
    _know_the_file = fingerprint_of("file", "The scan", series_sha256)

    @property
    def record(self) -> dict[str, Any]:
        """The parameters as JSON; files are named without their folder."""
        return without_folders(self.model_dump(mode="json", exclude={"data_root"}))


def as_typed(text: str, prefix: str) -> str:
    """Return a message whose options of a scan have a prefix, as `--measured.n-px` in a run."""
    names = (name.replace("_", "-") for name in IngestOptions.model_fields)
    return re.sub(rf"--(?=(?:{'|'.join(names)})(?![\w-]))", f"--{prefix}", text)
