"""The pseudo-values of blocks that lie beside the tables of comparisons."""

import csv
from pathlib import Path

from tasks.core.validity import PARTS
from tasks.report.comparisons import FOLDERS, TABLE_NAME, JobKey, job_key
from tasks.report.evidence import BlockValues, Name

BLOCKS_NAME = "block_metrics.csv"


def find_blocks(hub: Path) -> dict[JobKey, BlockValues]:
    """Return the pseudo-values of every comparison of a hub that has them.

    Raises:
        ValueError: If a table of blocks is not valid.
    """
    paths = sorted(path for folder in FOLDERS for path in hub.glob(f"{folder}/{BLOCKS_NAME}"))
    return {
        job_key(path.with_name(TABLE_NAME).relative_to(hub).as_posix()): _values(path)
        for path in paths
    }


def _values(path: Path) -> BlockValues:
    values: dict[Name, list[float | None]] = {}
    with path.open() as f:
        for row in csv.DictReader(f):
            for part in PARTS:
                values.setdefault((row["model"], row["metric"], part), []).append(
                    float(row[part]) if row[part] else None
                )
    return values
