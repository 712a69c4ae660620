"""The pseudo-values of blocks that lie beside the tables of comparisons."""

from pathlib import Path

from tasks.core.files.block_file import read_blocks
from tasks.core.study.quality_flags import PARTS
from tasks.report.records.comparisons import FOLDERS, TABLE_NAME, JobKey, job_key
from tasks.report.statistics.paired_scores import BlockValues, Name

BLOCKS_NAME = "block_metrics.csv"


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
        Values by block, under model, metric and part; None for an empty cell.

    Raises:
        ValueError: If the table is not valid.
    """
    found: dict[Name, dict[int, float | None]] = {}
    for row in read_blocks(path):
        for part, value in zip(PARTS, (row.amplitude, row.phase), strict=True):
            found.setdefault((row.model, row.metric, part), {})[row.block] = value
    return found
