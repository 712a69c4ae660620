"""The tables of a comparison on disk: the metrics of every model, and those of blocks of an image.

Tables are CSV with a header, numbers of ten significant digits, and empty cells for None. Values of
blocks are pseudo-values: their mean over the blocks is the metric of the whole image, and their
spread tells how far it would move on another part of the sample. Differences between two models are
therefore formed block by block.
"""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.core.files.atomic_files import write_text

SIGNIFICANT_DIGITS = 10
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write cells, numbers from `number_cell`; whole or not at all, equal rows give equal bytes."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([columns, *rows])
    write_text(path, text.getvalue())


def read_table(path: Path, columns: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """Read a table of any program that has these columns, in any order, and no others.

    Returns:
        Where every row stands (file and line), and its cells by column without outer spaces.

    Raises:
        ValueError: If the file is not text, or columns or cells do not match; names file and line.
    """
    try:
        lines = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
        table = [(lines.line_num, cells) for cells in lines if cells]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"{path} cannot be read as a CSV table ({error}). Run the comparison again."
        ) from error
    header = [cell.strip() for cell in table[0][1]] if table else []
    if sorted(header) != sorted(columns):
        raise ValueError(
            f"{path} must have the columns {','.join(columns)}, got {','.join(header) or 'none'}. "
            f"Rename or remove columns, or run the comparison again."
        )
    rows = []
    for line, cells in table[1:]:
        where = f"{path}, line {line}"
        if len(cells) != len(columns):
            raise ValueError(
                f"{where}: expected {len(columns)} cells, got {len(cells)}. The file was cut short "
                f"or edited: run the comparison again."
            )
        rows.append((where, dict(zip(header, (cell.strip() for cell in cells), strict=True))))
    return rows


def number_cell(number: float | None, what: str) -> str:
    """Return the text of a number, empty for None; raises ValueError if it is not finite."""
    if number is None:
        return ""
    if not math.isfinite(number):
        raise ValueError(
            f"{what} is {number}. Numbers of a table are finite or None: make it again."
        )
    return repr(float(f"{number:.{SIGNIFICANT_DIGITS}g}"))


def parse_number(text: str, what: str) -> float | None:
    """Return the number of a cell, None for an empty one; raises ValueError otherwise."""
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    if text and not math.isfinite(number):
        raise ValueError(
            f"{what} must be a finite number or empty, got {text!r}. Run the comparison again."
        )
    return number if text else None


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
