"""From positions as a file has them to those of the probe over the object, a pair for a pattern."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core import Indices, Real64
from tasks.ingest.file_options import Moves, Order, PositionUnit
from tasks.ingest.file_scan import LARGEST_VALUE, FilePositions, FileScan, columns
from tasks.ingest.files.array_source import open_arrays
from tasks.ingest.files.statements import Contradiction, agreed
from tasks.ingest.files.units import PIXELS, metres_per_unit
from tasks.ingest.params import IngestParams, PositionsParams

# With fewer patterns that have a position, positions are those of another scan.
LEAST_SHARE = 0.5


@dataclass(frozen=True)
class PlacedPatterns:
    """Positions of the probe, and the patterns that have one.

    Attributes:
        values: Positions of the probe over the object (y, x), shape (K, 2), metres or pixels.
        in_metres: Whether they are in metres; otherwise in object pixels of the stored patterns.
        kept: Indices of the patterns that have a position, shape (K,).
    """

    values: Real64
    in_metres: bool
    kept: Indices


def joined_by_number(file_scan: FileScan) -> FileScan:
    """Return a scan whose positions, one for each number of a series, know their patterns.

    Positions that have indexes of their own, or are as many as the patterns, are left alone.
    """
    found, numbers = file_scan.positions, file_scan.pattern_indexes
    if found is None or numbers is None or not file_scan.missing_numbers:
        return file_scan
    every = np.arange(numbers[0], numbers[-1] + 1)
    is_one_each = len(every) in found.values.shape[:2]
    if found.indexes is not None or not is_one_each:
        return file_scan
    return replace(file_scan, positions=replace(found, indexes=every))


def resolve_positions(
    file_scan: FileScan,
    params: IngestParams,
    object_pixel_m: float | None,
    noted: list[Contradiction],
) -> PlacedPatterns:
    """Return the positions of the probe, paired with patterns by index where there is one.

    Raises:
        ValueError: If order, unit or whose positions they are is not known, their number is not
            that of the patterns, they are not finite, or lengths come without an object pixel.
    """
    asked, found = params.positions, file_scan.positions
    if found is None:
        raise ValueError("The scan has no positions. Name a file of them by --positions.file.")
    n_patterns = file_scan.patterns.shape[0]
    n_rows = n_patterns if found.indexes is None else len(found.indexes)
    order = found.order or asked.order
    if order is not None and not found.are_apart:
        order = agreed(noted, "positions.order", asked.order, order)
    moves = agreed(noted, "positions.moves", asked.moves, found.moves)
    values = position_columns(found.values, order, n_rows, found.where)
    rows, kept = _paired(found, file_scan.pattern_indexes, n_patterns)
    values = _finite(values[rows], kept, asked.leave_out, n_patterns)
    scale_m = _metres_per_unit(found, asked, noted)
    if found.axes is not None:
        values = values @ found.axes.T
    if moves is Moves.SAMPLE:
        values = -values
    if asked.swap:
        values = values[:, ::-1]
    values = values * np.where([asked.negate_y, asked.negate_x], -1.0, 1.0)
    if scale_m is None:
        return PlacedPatterns(values, in_metres=False, kept=kept)
    if found.placeholder_pixel_m is not None:
        pixels = values * scale_m / found.placeholder_pixel_m
        return PlacedPatterns(pixels, in_metres=False, kept=kept)
    if object_pixel_m is None:
        raise ValueError(
            "The positions are in metres, but without energy, distance and detector pixel nobody "
            "knows how large an object pixel is. Give --energy-ev, --distance-m and "
            "--detector-pixel-m, or positions in pixels with --positions.unit px."
        )
    return PlacedPatterns(values * scale_m, in_metres=True, kept=kept)


def position_columns(
    values: NDArray[Any], order: Order | None, n_positions: int, where: str
) -> Real64:
    """Return positions (y, x), shape (K, 2), however they lie.

    Args:
        values: Shape (K, 2), (K, 3), (2, K), (3, K), or a raster of such, see `FilePositions`.
        order: Order of the columns; `xy` of three is (x, y, z). Of three columns in the order `yx`
            the constant one is along the beam.
        n_positions: How many there should be; it decides where both axes are short.
        where: What to call them in messages.

    Raises:
        ValueError: If they lie otherwise, are not as many, or nobody says their order.
    """
    stored = np.asarray(values)
    rows = stored
    while rows.ndim > 2 and rows.shape[0] == 1:
        rows = rows[0]
    if rows.ndim == 3 and rows.shape[-1] in (2, 3):
        rows = rows.reshape(-1, rows.shape[-1])
    elif rows.ndim == 3 and rows.shape[0] in (2, 3):
        rows = rows.reshape(rows.shape[0], -1)
    if rows.ndim == 2 and rows.shape[0] in (2, 3) and rows.shape != (n_positions, 2):
        is_lying = rows.shape[1] == n_positions or rows.shape[1] not in (2, 3)
        rows = rows.T if is_lying and rows.shape[0] != n_positions else rows
    if rows.ndim != 2 or rows.shape[1] not in (2, 3) or len(rows) != n_positions:
        raise ValueError(
            f"The scan has {n_positions} patterns, but positions of shape {stored.shape}, expected "
            f"({n_positions}, 2). Leave out the patterns or positions that have no partner, name "
            f"the arrays that belong together, or the index that joins them."
        )
    rows = rows.astype(np.float64)
    if order is None:
        raise ValueError(f"{where} do not say the order of their columns. Give --positions.order.")
    if order is Order.XY:
        return np.asarray(rows[:, 1::-1])
    return rows if rows.shape[1] == 2 else _without_depth(rows, where)


def _without_depth(rows: Real64, where: str) -> Real64:
    """Return (y, x) of (y, x, z) or (z, y, x): the axis along the beam is constant."""
    is_constant = np.ptp(rows, axis=0) == 0
    if is_constant[2]:
        return rows[:, :2]
    if is_constant[0]:
        return rows[:, 1:]
    raise ValueError(
        f"{where} have three columns, and none is constant, so nobody knows which is along the "
        f"beam. Save the two across the beam, or give --positions.order xy for (x, y, z)."
    )


def _paired(
    found: FilePositions, pattern_indexes: NDArray[Any] | None, n_patterns: int
) -> tuple[Indices, Indices]:
    """Return the row of positions of each pattern that has one, and the indices of those patterns.

    Indexes that tell no positions apart, such as all zeros, say nothing: the order counts.
    """
    everything = np.arange(n_patterns)
    if found.indexes is None:
        return everything, everything
    stored = np.asarray(found.indexes).ravel()
    if len(stored) != len(np.unique(stored)):
        if len(stored) != n_patterns:
            raise ValueError(
                f"{len(stored)} positions have only {len(np.unique(stored))} different indexes, "
                f"and the scan has {n_patterns} patterns. Give one position for each pattern."
            )
        return everything, everything
    wanted = everything if pattern_indexes is None else np.asarray(pattern_indexes).ravel()
    if len(wanted) != n_patterns:
        raise ValueError(
            f"The scan has {n_patterns} patterns, but {len(wanted)} indexes of patterns. Export "
            f"it again."
        )
    order = np.argsort(stored, kind="stable")
    places = order[np.minimum(np.searchsorted(stored, wanted, sorter=order), len(order) - 1)]
    kept = np.flatnonzero(stored[places] == wanted)
    if len(kept) < LEAST_SHARE * n_patterns:
        lacking = int(np.setdiff1d(wanted, stored)[0])
        raise ValueError(
            f"{n_patterns - len(kept)} of {n_patterns} patterns have no position: the indexes of "
            f"the positions do not name pattern {lacking}. Export the product of this scan, with "
            f"all of its patterns."
        )
    return places[kept], kept


def _finite(values: Real64, numbers: Indices, left_out: Sequence[int], n_patterns: int) -> Real64:
    """Return positions (K, 2) of patterns of some numbers, finite but for those left out."""
    if max(left_out, default=0) >= n_patterns:
        raise ValueError(
            f"--positions.leave-out names exposure {max(left_out)}, but the scan has {n_patterns}, "
            f"counted from 0. Correct it."
        )
    is_used = ~np.isin(numbers, left_out)
    bad = numbers[~(np.abs(values) < LARGEST_VALUE).all(axis=1) & is_used]
    if len(bad):
        first = " ".join(f"--positions.leave-out {number}" for number in bad[:3])
        raise ValueError(
            f"{len(bad)} of {len(values)} positions are not finite, the first of them number "
            f"{bad[0]}. Repair them, or leave those exposures out ({first}"
            f"{' ...' if len(bad) > 3 else ''})."
        )
    return np.where(is_used[:, None], values, 0.0)


def _metres_per_unit(
    found: FilePositions, asked: PositionsParams, noted: list[Contradiction]
) -> float | None:
    """Return the length of the positions' unit [m]; None for pixels."""
    said = None if asked.unit is None else _size_m(asked.unit.value, found.where)
    if found.unit is None:
        if asked.unit is None:
            raise ValueError(
                f"{found.where} do not say their unit: there is no attribute `units`. Give "
                f"--positions.unit "
                f"({', '.join(PositionUnit)})."
            )
        return said
    stated = _size_m(found.unit, found.where)
    # Where no metre is known, pixels are the lengths of a placeholder: both are true of the file.
    is_placeholder = found.placeholder_pixel_m is not None and said is None
    if asked.unit is None or said == stated or is_placeholder:
        return stated
    by_format = not found.is_unit_stated
    noted.append(Contradiction("positions.unit", asked.unit.value, found.unit, by_format))
    return said


def _size_m(unit: str, where: str) -> float | None:
    if unit.strip().lower() in PIXELS:
        return None
    size = metres_per_unit(unit)
    if size is None:
        raise ValueError(
            f"{where} have the unit {unit!r}, expected px, or metres with any SI prefix (m, mm, "
            f"um, nm). Correct it in the file, or describe the file in a layout."
        )
    return size


def read_positions_file(asked: PositionsParams, limit_gib: float) -> FilePositions:
    """Return the positions of a file of their own: NumPy, HDF5, MATLAB or text.

    Its `dataset` names an array, or two, `y,x`.

    Raises:
        ValueError: If it cannot be read, has no such array, or unit, order or `moves` is not given.
    """
    if asked.file is None:
        raise ValueError("No file of positions is named. Give --positions.file.")
    lacking = [f"--positions.{name}" for name in ("unit", "moves") if getattr(asked, name) is None]
    names = (asked.dataset or "").split(",")
    if len(names) < 2 and asked.order is None:
        lacking.insert(0, "--positions.order")
    if lacking:
        raise ValueError(
            f"{asked.file} does not say what its positions are. Give {', '.join(lacking)}."
        )
    with open_arrays(asked.file, limit_gib) as source:
        are_apart = len(names) == 2
        if are_apart:
            y, x = (source.array(name.strip(), "positions") for name in names)
            values, order = columns(y, x), Order.YX
        else:
            values = source.array(asked.dataset or source.only_name("positions"), "positions")
            order = asked.order or Order.YX
    unit, moves = asked.unit or PositionUnit.PX, asked.moves or Moves.PROBE
    where = f"The positions of {asked.file.name}"
    return FilePositions(values, unit.value, moves, order, True, are_apart, where=where)
