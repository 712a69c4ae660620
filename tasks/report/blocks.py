"""The pseudo-values of blocks that lie beside the tables of comparisons."""

from pathlib import Path

from tasks.core.metrics_table import read_cells, read_number
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
    for where, cells in read_cells(path, COLUMNS):
        model, metric, block = (cells[name] for name in COLUMNS[:3])
        what = f"{metric} of {model} in block {block}"
        if not block.isdecimal() or int(block) in found.get((model, metric, PARTS[0]), {}):
            raise ValueError(
                f"{where}: expected a block that did not come before, got {what}: run the "
                f"comparison again."
            )
        for part in PARTS:
            cure = "Run the comparison again."
            number = read_number(cells[part], f"{where}: {part} of {what}", cure)
            found.setdefault((model, metric, part), {})[int(block)] = number
    return {name: [blocks[number] for number in sorted(blocks)] for name, blocks in found.items()}
