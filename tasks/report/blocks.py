"""The pseudo-values of blocks that lie beside the tables of comparisons."""

import csv
import io
import math
from pathlib import Path

from tasks.core.validity import PARTS
from tasks.report.comparisons import FOLDERS, TABLE_NAME, JobKey, job_key
from tasks.report.evidence import BlockValues, Name

BLOCKS_NAME = "block_metrics.csv"
COLUMNS = ("model", "metric", "block", *PARTS)


def find_blocks(hub: Path) -> dict[JobKey, BlockValues]:
    """Return the pseudo-values of every comparison of a hub that has them.

    Raises:
        ValueError: If a table of blocks is not valid.
    """
    paths = sorted(path for folder in FOLDERS for path in hub.glob(f"{folder}/{BLOCKS_NAME}"))
    return {
        job_key(path.with_name(TABLE_NAME).relative_to(hub).as_posix()): read_block_values(path)
        for path in paths
    }


def read_block_values(path: Path) -> BlockValues:
    """Read a table of blocks.

    Returns:
        Values in the order of their blocks, by model, metric and part; None for an empty cell.

    Raises:
        ValueError: If a column is missing, a row has more or fewer cells, a number is not finite,
            or a block comes twice; the message names file and line.
    """
    found: dict[Name, dict[int, float | None]] = {}
    rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    header = next(rows, [])
    if sorted(header) != sorted(COLUMNS):
        raise ValueError(
            f"{path} must have the columns {','.join(COLUMNS)}, got {','.join(header) or 'none'}: "
            f"run the comparison again."
        )
    for cells in rows:
        try:
            row = dict(zip(header, cells, strict=True))
            block = int(row["block"])
            values = {part: float(row[part]) if row[part] else None for part in PARTS}
            is_finite = all(value is None or math.isfinite(value) for value in values.values())
        except ValueError:
            is_finite = False
        if not is_finite or block in found.get((row["model"], row["metric"], PARTS[0]), {}):
            raise ValueError(
                f"{path}, line {rows.line_num}: expected a model, a metric, a block that did not "
                f"come before, and finite numbers or empty cells, got {','.join(cells)!r}: run the "
                f"comparison again."
            )
        for part, value in values.items():
            found.setdefault((row["model"], row["metric"], part), {})[block] = value
    return {name: [blocks[number] for number in sorted(blocks)] for name, blocks in found.items()}
