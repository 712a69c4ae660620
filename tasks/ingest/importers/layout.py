"""What a YAML says of arrays: which one is what, and in which unit.

patterns: {array: data, values: intensity, zero_frequency: corner}
positions: {array: scan, unit: px, order: yx, moves: probe}
probe: {array: probe}
geometry: unknown

Layouts of public programs are shipped in `tasks/ingest/layouts`, one YAML each, found by its file.
"""

from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from tasks.core import StrictModel
from tasks.core.files.named_files import describe, known_name, read_parameters
from tasks.ingest.file_options import (
    FileOptions,
    MaskSense,
    Moves,
    Order,
    PositionUnit,
    Values,
    ZeroFrequency,
)
from tasks.ingest.files.patterns import Axes

FOLDER = "layouts"
PRODUCT = "product:"


class ArrayLayout(StrictModel):
    """Which array something is; `product:NAME` is in the file of --product.file."""

    array: str = Field(description="Name of the array, of an HDF5 dataset or a MATLAB variable")


class PatternsLayout(ArrayLayout):
    """Which array the patterns are; a name with `*` stands for several, in order."""

    axes: Axes | None = Field(
        None, description="nyx, nxy, yxn, xyn or mnyx, after axes of length 1 are gone"
    )
    values: Values = Field(description="intensity or amplitude")
    zero_frequency: ZeroFrequency = Field(description="centre or corner")
    index: str | None = Field(None, description="Array (J,): number of each pattern")


class PositionsLayout(StrictModel):
    """Which array, or which two, the positions are."""

    array: str | None = Field(None, description="Name of an array (J, 2), (2, J) or with an axis z")
    y: str | None = Field(None, description="Name of an array (J,), with `x`")
    x: str | None = Field(None, description="Name of an array (J,), with `y`")
    unit: PositionUnit | None = Field(
        None, description="m, cm, mm, um, nm, pm, angstrom or px; none: asked for"
    )
    order: Order | None = Field(None, description="yx or xy, for one array")
    moves: Moves = Field(description="sample or probe")
    index: str | None = Field(None, description="Array (J,): number of each position's pattern")


class MaskLayout(ArrayLayout):
    """Which array (H, W) or (J, H, W) the mask is."""

    sense: MaskSense = Field(description="zero_is_good or nonzero_is_good")


class ProbeLayout(ArrayLayout):
    """Which array the probe is."""

    axes: Literal["myx", "mxy", "yxm"] | None = Field(
        None, description="How modes lie: myx (also without modes), mxy or yxm; none: myx"
    )


class ValueLayout(StrictModel):
    """Which array holds one number, and its unit where the file has no attribute `units`."""

    array: str = Field(description="Name of the array")
    unit: str = Field(description="Unit, with any SI prefix")
    optional: bool = Field(False, description="Whether some files of the layout lack it")


class GeometryLayout(StrictModel):
    """The instrument: numbers, or arrays that hold them."""

    energy_ev: float | None = Field(None, gt=0, description="Photon energy [eV]")
    distance_m: float | None = Field(None, gt=0, description="From the sample to the detector [m]")
    detector_pixel_m: float | None = Field(None, gt=0, description="Side of a detector pixel [m]")
    object_pixel_m: float | None = Field(None, gt=0, description="Side of an object pixel [m]")
    energy: ValueLayout | None = None
    wavelength: ValueLayout | None = None
    distance: ValueLayout | None = None
    detector_pixel: ValueLayout | None = None
    object_pixel: ValueLayout | None = None


class Layout(StrictModel):
    """Which array is what."""

    program: str | None = Field(None, description="Program that writes such files")
    source: str | None = Field(None, description="Where the names were looked up")
    recognised_by: tuple[str, ...] = Field(
        (), description="Names that a file has if it is of this layout; none: only by its name"
    )
    patterns: PatternsLayout
    positions: PositionsLayout | None = None
    mask: MaskLayout | None = None
    probe: ProbeLayout | None = None
    geometry: GeometryLayout | Literal["unknown"] | None = None

    @model_validator(mode="after")
    def _positions_are_named(self) -> "Layout":
        named = self.positions
        if named is not None and named.array is None and (named.y is None or named.x is None):
            raise ValueError(
                "The layout names no positions. Give `array` for an array (J, 2), or `y` and `x`."
            )
        return self


@cache
def shipped_layouts() -> dict[str, Layout]:
    """Return the layouts of public programs by name, from the files of the package."""
    folder = resources.files("tasks.ingest") / FOLDER
    files = sorted(one.name for one in folder.iterdir() if one.name.endswith(".yaml"))
    return {
        name.removesuffix(".yaml"): Layout.model_validate(
            yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        )
        for name in files
    }


def layout_of(options: FileOptions, names: Iterable[str]) -> tuple[str, Layout] | None:
    """Return the layout that is asked for, else the shipped one that some names show; else None.

    `names` are those of the file, and with `product:` in front those of the product.

    Raises:
        ValueError: If a layout has a field that is missing or unknown, or no such one is shipped.
    """
    if options.layout.file is not None:
        return options.layout.file.name, _read(options.layout.file)
    shipped = shipped_layouts()
    if options.layout.name is not None:
        name = known_name(options.layout.name, tuple(shipped), "layout")
        return name, shipped[name]
    held = set(names)
    for name, layout in shipped.items():
        if layout.recognised_by and held.issuperset(layout.recognised_by):
            return name, layout
    return None


def _read(path: Path) -> Layout:
    """Read the YAML; refuse one with a field that is missing or unknown."""
    try:
        return Layout.model_validate(read_parameters(path))
    except ValidationError as error:
        raise ValueError(f"The layout {path} is wrong: {describe(error, {})}") from error
