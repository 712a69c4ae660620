"""Plain arrays, with a small YAML that says which array is what.

patterns: {array: data, values: intensity, zero_frequency: corner}
positions: {array: scan, unit: px, order: yx, moves: probe}
probe: {array: probe}
geometry: unknown
"""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from tasks.core import StrictModel
from tasks.core.files.archive import array, read_arrays
from tasks.core.files.named_files import describe, read_parameters
from tasks.ingest.file_scan import (
    FileOptions,
    FilePositions,
    FileScan,
    MaskSense,
    Moves,
    Order,
    PositionUnit,
    Values,
    ZeroFrequency,
    columns,
    probe_modes_of,
)
from tasks.ingest.files.patterns import Axes, array_patterns


class ArrayLayout(StrictModel):
    """Which array something is."""

    array: str = Field(description="Name of the array")


class PatternsLayout(ArrayLayout):
    """Which array the patterns are."""

    axes: Axes | None = Field(None, description="nyx, yxn or mnyx, after axes of length 1 are gone")
    values: Values = Field(description="intensity or amplitude")
    zero_frequency: ZeroFrequency = Field(description="centre or corner")


class PositionsLayout(StrictModel):
    """Which array, or which two, the positions are."""

    array: str | None = Field(None, description="Name of an array (J, 2)")
    y: str | None = Field(None, description="Name of an array (J,), with `x`")
    x: str | None = Field(None, description="Name of an array (J,), with `y`")
    unit: PositionUnit = Field(description="m, mm, um, nm or px")
    order: Order | None = Field(None, description="yx or xy, for an array (J, 2)")
    moves: Moves = Field(description="sample or probe")


class MaskLayout(ArrayLayout):
    """Which array (H, W) the mask is."""

    sense: MaskSense = Field(description="zero_is_good or nonzero_is_good")


class GeometryLayout(StrictModel):
    """The instrument."""

    energy_ev: float = Field(gt=0, description="Photon energy [eV]")
    distance_m: float = Field(gt=0, description="From the sample to the detector [m]")
    detector_pixel_m: float = Field(gt=0, description="Side of a detector pixel [m]")


class Layout(StrictModel):
    """Which array is what."""

    patterns: PatternsLayout
    positions: PositionsLayout
    mask: MaskLayout | None = None
    probe: ArrayLayout | None = None
    geometry: GeometryLayout | Literal["unknown"] | None = None


def has_layout(_path: Path, options: FileOptions) -> bool:
    """Tell whether a layout says which array is what."""
    return options.layout.file is not None


def read(path: Path, options: FileOptions) -> FileScan:
    """Read arrays as a layout describes them; refuse one that is not named, or does not fit."""
    if options.layout.file is None:
        raise ValueError(
            f"Arrays do not say what they are. Describe {path} in a YAML (which array has the "
            f"patterns and positions, unit, order and sign), and name it by --layout.file."
        )
    layout = _read_layout(options.layout.file)
    arrays = read_arrays(path, options.unpacked_limit_gib)
    values = _squeezed(array(arrays, layout.patterns.array, path, "diffraction patterns"))
    geometry, probe, mask = layout.geometry, layout.probe, layout.mask
    return FileScan(
        patterns=array_patterns(values, _axes(values, layout.patterns, path)),
        positions=_positions(arrays, layout.positions, path),
        values=layout.patterns.values,
        zero_frequency=layout.patterns.zero_frequency,
        mask=None if mask is None else _squeezed(array(arrays, mask.array, path, "mask")),
        mask_sense=mask.sense if mask else None,
        probe_modes=probe_modes_of(np.asarray(array(arrays, probe.array, path, "probe")), "probe")
        if probe
        else None,
        geometry_unknown=geometry == "unknown",
        origins={"patterns": layout.patterns.array, "layout": options.layout.file.name},
        **(geometry.model_dump() if isinstance(geometry, GeometryLayout) else {}),
    )


def _read_layout(path: Path) -> Layout:
    """Read the YAML; refuse one with a field that is missing or unknown."""
    try:
        return Layout.model_validate(read_parameters(path))
    except ValidationError as error:
        raise ValueError(f"The layout {path} is wrong: {describe(error, {})}") from error


def _squeezed(values: NDArray[Any]) -> NDArray[Any]:
    """Return an array without the axes of length one in front."""
    while values.ndim > 2 and values.shape[0] == 1:
        values = values[0]
    return values


def _axes(values: NDArray[Any], layout: PatternsLayout, path: Path) -> Axes:
    wanted: Axes = layout.axes or ("mnyx" if values.ndim == 4 else "nyx")
    if values.ndim != len(wanted):
        raise ValueError(
            f"{layout.array} of {path} has the shape {values.shape}, which is not {wanted}. Say "
            f"in the layout how its axes lie: nyx, yxn or mnyx."
        )
    return wanted


def _positions(
    arrays: dict[str, NDArray[Any]], layout: PositionsLayout, path: Path
) -> FilePositions:
    if layout.array is None:
        if layout.y is None or layout.x is None:
            raise ValueError(
                "The layout names no positions. Give `array` for an array (J, 2), or `y` and `x`."
            )
        y, x = (array(arrays, name, path, "positions") for name in (layout.y, layout.x))
        return FilePositions(columns(y, x), layout.unit, layout.moves)
    values = _squeezed(np.asarray(array(arrays, layout.array, path, "positions")))
    if values.ndim == 3 and values.shape[-1] == 2:
        values = values.reshape(-1, 2)
    return FilePositions(values.astype(np.float64), layout.unit, layout.moves, layout.order)
