"""Metrics of the blocks of an image on disk: `block_metrics.csv`, one row per block.

The values are pseudo-values: their mean over the blocks is the metric of the whole image, and
their spread tells how far it would move on another part of the sample. Differences between two
models are therefore formed block by block.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tasks.core.files.csv_table import number_cell, parse_number, read_table, write_table

COLUMNS = ("model", "metric", "block", "amplitude", "phase")
N_BLOCKS = 9


@dataclass(frozen=True)
class BlockRow:
    """One metric of one model in one block.

    Attributes:
        model: Name of the arm or of another reconstruction.
        metric: Name of the metric, as in `comparison_metrics.csv`.
        block: Number of the block, 0 to 8: rows of three, from the top left.
        amplitude: Pseudo-value for the amplitude; None where it has none.
        phase: Pseudo-value for the phase; None where it has none.
    """

    model: str
    metric: str
    block: int
    amplitude: float | None = None
    phase: float | None = None


def write_blocks(path: Path, rows: Iterable[BlockRow]) -> None:
    """Write the pseudo-values, whole or not at all; equal rows give equal bytes.

    Raises:
        ValueError: If a number is not finite, or a block comes twice or has no place in the grid.
    """
    seen: set[tuple[str, str, int]] = set()
    cells = []
    for row in rows:
        _check(seen, row, path.name)
        what = f"of {row.metric} of {row.model} in block {row.block}"
        cells.append(
            [
                row.model,
                row.metric,
                str(row.block),
                number_cell(row.amplitude, f"amplitude {what}"),
                number_cell(row.phase, f"phase {what}"),
            ]
        )
    write_table(path, COLUMNS, cells)


def read_blocks(path: Path) -> list[BlockRow]:
    """Read pseudo-values, whoever wrote them, and trust nothing in them.

    Returns:
        The rows, in the order of the file.

    Raises:
        ValueError: If the file is no such table, a number is not finite, or a block comes twice or
            has no place in the grid; the message names the file and the line.
    """
    seen: set[tuple[str, str, int]] = set()
    rows = []
    for where, cells in read_table(path, COLUMNS):
        model, metric, block = cells["model"], cells["metric"], cells["block"]
        if not model or not metric or not (block.isascii() and block.isdigit()):
            raise ValueError(
                f"{where}: a row needs a model, a metric and the number of a block, got {model!r}, "
                f"{metric!r} and {block!r}. Run the comparison again."
            )
        amplitude, phase = (
            parse_number(cells[part], f"{where}: {part} of {metric} of {model}")
            for part in ("amplitude", "phase")
        )
        row = BlockRow(model, metric, int(block), amplitude, phase)
        _check(seen, row, where)
        rows.append(row)
    return rows


def _check(seen: set[tuple[str, str, int]], row: BlockRow, where: str) -> None:
    """Remember a block; refuse one outside the grid, or that was there before."""
    if not 0 <= row.block < N_BLOCKS:
        raise ValueError(
            f"{where}: blocks are numbered 0 to {N_BLOCKS - 1}, got {row.block} for {row.metric} "
            f"of {row.model}. Run the comparison again."
        )
    key = (row.model, row.metric, row.block)
    if key in seen:
        raise ValueError(
            f"{where}: block {row.block} of {row.metric} of {row.model} comes twice. Keep one of "
            f"the two rows."
        )
    seen.add(key)
