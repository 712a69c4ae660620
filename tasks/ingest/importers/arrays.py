"""Arrays of any file that a layout describes: NumPy, HDF5, MATLAB or TIFF, see `layout`."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from tasks.core import Complex
from tasks.core.files.matlab_file import SUFFIX as MATLAB_SUFFIX
from tasks.ingest.file_options import FileOptions, Order
from tasks.ingest.file_scan import (
    FileMask,
    FilePositions,
    FileScan,
    columns,
    probe_modes_of,
    unless_given,
)
from tasks.ingest.files.array_source import ArraySource, open_arrays
from tasks.ingest.files.patterns import Axes
from tasks.ingest.files.units import energy_ev, energy_of_wavelength_ev, length_m, plausible_m
from tasks.ingest.importers.layout import (
    PRODUCT,
    GeometryLayout,
    Layout,
    PositionsLayout,
    ProbeLayout,
    ValueLayout,
    layout_of,
    shipped_layouts,
)


def has_layout(_path: Path, options: FileOptions) -> bool:
    """Tell whether a layout is asked for."""
    return options.layout.file is not None or options.layout.name is not None


def takes(path: Path, options: FileOptions) -> bool:
    """Tell whether a file is described: a layout is asked for, or MATLAB or a product shows it."""
    if has_layout(path, options) or path.suffix.lower() == MATLAB_SUFFIX:
        return True
    if options.product.file is None or not h5py.is_hdf5(path):
        return False
    return h5py.is_hdf5(options.product.file) and _shown(path, options)


def recognises(file: h5py.File) -> bool:
    """Tell whether a file has the names of a layout that is shipped."""
    named = [one.recognised_by for one in shipped_layouts().values() if one.recognised_by]
    return any(all(name in file for name in names) for names in named)


def read(path: Path, options: FileOptions) -> FileScan:
    """Read arrays as a layout describes them; refuse one that is not named, or does not fit."""
    with ExitStack() as stack:
        source = stack.enter_context(open_arrays(path, options.unpacked_limit_gib))
        product = None
        if options.product.file is not None:
            opened = open_arrays(options.product.file, options.unpacked_limit_gib)
            product = stack.enter_context(opened)
        found = layout_of(options, _names(source, product))
        if found is None:
            raise ValueError(
                f"Arrays do not say what they are. Describe {path} in a YAML (which array has the "
                f"patterns and positions, unit, order and sign), and name it by --layout.file; or "
                f"choose one of {', '.join(shipped_layouts())} by --layout.name. It holds: "
                f"{', '.join(source.names[:40])}."
            )
        name, layout = found
        return _Described(source, product, layout, name).scan(options)


def _shown(path: Path, options: FileOptions) -> bool:
    """Tell whether file and product together have the names of a layout that is shipped."""
    if options.product.file is None:
        return False
    limit = options.unpacked_limit_gib
    with open_arrays(path, limit) as source, open_arrays(options.product.file, limit) as product:
        found = layout_of(options, _names(source, product))
    return found is not None and any(PRODUCT in name for name in found[1].recognised_by)


def _names(source: ArraySource, product: ArraySource | None) -> list[str]:
    beside = [] if product is None else [f"{PRODUCT}{name}" for name in product.names]
    return [*source.names, *beside]


class _Described:
    """A file, its product where there is one, and the layout that describes both."""

    def __init__(
        self, source: ArraySource, product: ArraySource | None, layout: Layout, name: str
    ) -> None:
        self._source, self._product, self._layout, self._name = source, product, layout, name

    def scan(self, options: FileOptions) -> FileScan:
        """Return what the arrays state of a scan."""
        layout, geometry = self._layout, self._layout.geometry
        source, named = self._of(layout.patterns.array, "diffraction patterns")
        names = source.names_like(named, "diffraction patterns")
        axes = self._axes(source, names[0])
        index, positions = layout.patterns.index, layout.positions
        facts = self._geometry(geometry, options) if isinstance(geometry, GeometryLayout) else {}
        return FileScan(
            patterns=source.patterns_of(names, axes),
            positions=None if positions is None else self._positions(positions),
            values=layout.patterns.values,
            zero_frequency=layout.patterns.zero_frequency,
            mask=self._mask(),
            probe_modes=None if layout.probe is None else self._probe(layout.probe),
            geometry_unknown=geometry == "unknown",
            pattern_indexes=None if index is None else self._array(index, "pattern index").ravel(),
            origins={"patterns": ", ".join(names), "layout": self._name},
            **facts,
        )

    def _of(self, name: str, meaning: str) -> tuple[ArraySource, str]:
        """Return the file that an array is in, and its name there."""
        if not name.startswith(PRODUCT):
            return self._source, name
        if self._product is None:
            raise ValueError(
                f"The layout {self._name} has the {meaning} in a second file, as "
                f"{name.removeprefix(PRODUCT)!r}. Name that file by --product.file."
            )
        return self._product, name.removeprefix(PRODUCT)

    def _array(self, name: str, meaning: str) -> NDArray[Any]:
        source, named = self._of(name, meaning)
        return np.asarray(source.array(named, meaning))

    def _axes(self, source: ArraySource, name: str) -> Axes:
        shape, asked = source.shape_of(name), self._layout.patterns.axes
        wanted: Axes = asked or ("mnyx" if len(shape) == 4 else "nyx")
        if len(shape) != len(wanted):
            raise ValueError(
                f"{name} of {source.path} has the shape {shape}, which is not {wanted}. Say in "
                f"the layout how its axes lie: nyx, nxy, yxn, xyn or mnyx."
            )
        return wanted

    def _positions(self, layout: PositionsLayout) -> FilePositions:
        order: Order | None = Order.YX
        if layout.array is None:
            y, x = (self._array(name or "", "positions") for name in (layout.y, layout.x))
            values, where = columns(y, x), f"{layout.y} and {layout.x}"
        else:
            values, order = self._array(layout.array, "positions"), layout.order
            where = layout.array
        index = layout.index
        return FilePositions(
            values,
            None if layout.unit is None else layout.unit.value,
            layout.moves,
            order,
            is_unit_stated=True,
            are_apart=layout.array is None,
            indexes=None if index is None else self._array(index, "position index").ravel(),
            where=where,
        )

    def _mask(self) -> FileMask | None:
        layout = self._layout.mask
        return (
            None if layout is None else FileMask.of(self._array(layout.array, "mask"), layout.sense)
        )

    def _probe(self, layout: ProbeLayout) -> Complex:
        values = self._array(layout.array, "probe")
        if layout.axes == "yxm" and values.ndim > 2:
            values = np.moveaxis(values.reshape(*values.shape[:2], -1), -1, 0)
        elif layout.axes == "mxy":
            values = values.swapaxes(-2, -1)
        return probe_modes_of(values, layout.array)

    def _is_there(self, layout: ValueLayout | None, meaning: str) -> bool:
        """Tell whether a layout names a number that is there, or has to be."""
        if layout is None:
            return False
        source, named = self._of(layout.array, meaning)
        held = {*source.names, *source.attributes}
        return not layout.optional or named.strip("/") in held

    def _number(self, layout: ValueLayout, meaning: str) -> tuple[float, str, str]:
        """Return a number, its unit, and what to call it."""
        source, named = self._of(layout.array, meaning)
        values = np.unique(source.array(named, meaning))
        where = f"{named} of {source.path}"
        if len(values) != 1 or values.dtype.kind not in "iuf":
            raise ValueError(
                f"{where} should hold one number, the {meaning}, got {len(values)} different "
                f"values. Correct the layout, or give the value as an option."
            )
        unit = source.units_of(source.name_of(named, meaning)) or layout.unit
        return float(values[0]), unit, where

    def _length(self, layout: ValueLayout | None, meaning: str) -> float | None:
        if layout is None or not self._is_there(layout, meaning):
            return None
        return length_m(*self._number(layout, meaning))

    def _energy(self, layout: GeometryLayout) -> float | None:
        if layout.energy is not None and self._is_there(layout.energy, "energy"):
            return energy_ev(*self._number(layout.energy, "energy"))
        if layout.wavelength is None or not self._is_there(layout.wavelength, "wavelength"):
            return layout.energy_ev
        value, unit, where = self._number(layout.wavelength, "wavelength")
        return energy_of_wavelength_ev(length_m(value, unit, where), where)

    def _geometry(self, layout: GeometryLayout, options: FileOptions) -> dict[str, Any]:
        """Return what the layout says of the instrument, as fields of `FileScan`."""

        def distance() -> float | None:
            found = self._length(layout.distance, "distance")
            return plausible_m("distance_m", layout.distance_m if found is None else abs(found))

        def pixel() -> float | None:
            found = self._length(layout.detector_pixel, "detector pixel")
            return plausible_m("detector_pixel_m", found or layout.detector_pixel_m)

        return {
            "energy_ev": unless_given(options.energy_ev, lambda: self._energy(layout)),
            "distance_m": unless_given(options.distance_m, distance),
            "detector_pixel_m": unless_given(options.detector_pixel_m, pixel),
            "object_pixel_m": self._length(layout.object_pixel, "object pixel")
            or layout.object_pixel_m,
        }
