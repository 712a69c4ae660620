"""The tables of a comparison on disk: the metrics of every model, and those of blocks of an image.

Tables are CSV with a header, numbers of ten significant digits, and empty cells for None. Values of
blocks are pseudo-values: their mean over the blocks is the metric of the whole image, and their
spread tells how far it would move on another part of the sample. Differences between two models are
therefore formed block by block.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.core.files.csv_table import number_cell, parse_number, read_table, write_table

# A row of this name: the metrics were taken against a reference, since nobody knows the truth.
AGAINST_REFERENCE = "against_reference"
COLUMNS = ("model", "metric", "amplitude", "phase", "value")
BLOCK_COLUMNS = ("model", "metric", "block", "amplitude", "phase")
N_BLOCKS = 9

# MS-SSIM (Wang, Simoncelli & Bovik, Asilomar Conf. Signals Syst. Comput. 37, 1398 (2003)) has five
# scales, each of half the side of the one before, and on the last a whole window still fits.
WINDOW_PX = 11
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
MS_SSIM_MIN_PX = WINDOW_PX * 2 ** (len(SCALE_WEIGHTS) - 1)


@dataclass(frozen=True)
class MetricRow:
    """One metric of one model; what it has no value for is None.

    Attributes:
        model: Name of the arm or control.
        metric: Name of the metric; a unit ends the name where there is one.
        phase: Value for the phase, in rad where it has a unit.
        value: Value where it belongs to neither amplitude nor phase.
    """

    model: str
    metric: str
    amplitude: float | None = None
    phase: float | None = None
    value: float | None = None


@dataclass(frozen=True)
class BlockRow:
    """Pseudo-values of one metric of one model in a block, 0 to 8: by rows, from the top left."""

    model: str
    metric: str
    block: int
    amplitude: float | None = None
    phase: float | None = None


def write_metrics_csv(path: Path, rows: Iterable[MetricRow]) -> None:
    """Write `comparison_metrics.csv`; ValueError if a number is not finite or a row comes twice."""
    seen: set[tuple[Any, ...]] = set()
    lines = []
    for row in rows:
        _refuse_twin(seen, (row.model, row.metric), path.name)
        what = f"of {row.metric} of {row.model}"
        numbers = [number_cell(getattr(row, part), f"{part} {what}") for part in COLUMNS[2:]]
        lines.append([row.model, row.metric, *numbers])
    write_table(path, COLUMNS, lines)


def read_metrics_csv(path: Path) -> list[MetricRow]:
    """Read `comparison_metrics.csv`, trusting nothing; ValueError names file, line and model."""
    seen: set[tuple[Any, ...]] = set()
    rows = []
    for where, cells in read_table(path, COLUMNS):
        model, metric = cells["model"], cells["metric"]
        if not model or not metric:
            raise ValueError(
                f"{where}: a row needs a model and a metric, got model {model!r} and metric "
                f"{metric!r}. Name both or remove the row."
            )
        _refuse_twin(seen, (model, metric), where)
        rows.append(MetricRow(model, metric, *_numbers(cells, COLUMNS[2:], where)))
    return rows


def write_blocks(path: Path, rows: Iterable[BlockRow]) -> None:
    """Write `block_metrics.csv`; ValueError if a number is not finite, or a block comes twice."""
    seen: set[tuple[Any, ...]] = set()
    lines = []
    for row in rows:
        _check_block(seen, row, path.name)
        what = f"of {row.metric} of {row.model} in block {row.block}"
        numbers = [number_cell(getattr(row, part), f"{part} {what}") for part in BLOCK_COLUMNS[3:]]
        lines.append([row.model, row.metric, str(row.block), *numbers])
    write_table(path, BLOCK_COLUMNS, lines)


def read_blocks(path: Path) -> list[BlockRow]:
    """Read `block_metrics.csv`, trusting nothing in it; ValueError names file and line."""
    seen: set[tuple[Any, ...]] = set()
    rows = []
    for where, cells in read_table(path, BLOCK_COLUMNS):
        model, metric, block = cells["model"], cells["metric"], cells["block"]
        if not model or not metric or not (block.isascii() and block.isdigit()):
            raise ValueError(
                f"{where}: a row needs a model, a metric and the number of a block, got {model!r}, "
                f"{metric!r} and {block!r}. Run the comparison again."
            )
        row = BlockRow(model, metric, int(block), *_numbers(cells, BLOCK_COLUMNS[3:], where))
        _check_block(seen, row, where)
        rows.append(row)
    return rows


def _numbers(cells: dict[str, str], parts: Sequence[str], where: str) -> list[float | None]:
    """Return the numbers of some columns of a row."""
    what = f"{cells['metric']} of {cells['model']}"
    return [parse_number(cells[part], f"{where}: {part} of {what}") for part in parts]


def _check_block(seen: set[tuple[Any, ...]], row: BlockRow, where: str) -> None:
    """Remember a block; refuse one outside the grid, or that was there before."""
    if not 0 <= row.block < N_BLOCKS:
        raise ValueError(
            f"{where}: blocks are numbered 0 to {N_BLOCKS - 1}, got {row.block} for {row.metric} "
            f"of {row.model}. Run the comparison again."
        )
    _refuse_twin(seen, (row.model, row.metric, row.block), where)


def _refuse_twin(seen: set[tuple[Any, ...]], key: tuple[Any, ...], where: str) -> None:
    """Remember model, metric and block, if any; refuse those that were there before."""
    if key in seen:
        model, metric, *block = key
        what = f"block {block[0]} of {metric}" if block else metric
        raise ValueError(f"{where}: {what} of {model} comes twice. Keep one of the two rows.")
    seen.add(key)
