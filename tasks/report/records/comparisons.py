"""The comparisons that a hub holds, whoever wrote them."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tasks.catalogue.metric import PARTS
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.files.metrics_table import MetricRow, read_blocks, read_metrics_csv
from tasks.core.study.hub_layout import Condition, dose_label
from tasks.report.records.hub_contents import read_plan

TABLE_NAME, BLOCKS_NAME = "comparison_metrics.csv", "block_metrics.csv"
# Model, metric and part; and by them the pseudo-values of the blocks of an image.
Name = tuple[str, str, str]
BlockValues = Mapping[Name, Mapping[int, float | None]]
FOLDERS = ("analysis/dose_*/*/*", "analysis/dose_*/replicate_*/*/*")
# The first replicate has no folder of its own.
_TABLE_PATH = re.compile(
    r"analysis/dose_(?P<dose>[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?)/(replicate_(?P<replicate>[2-9]|[1-9][0-9]+)/)?"
    rf"(?P<view>[^/]+)/(?P<split>[^/]+)/{TABLE_NAME}"
)


class ComparisonKey(NamedTuple):
    """What tells one comparison of a hub from others; replicates are the study's seeds, from 1."""

    dose: float
    view: str
    split: str
    replicate: int

    @classmethod
    def of(cls, dose: float, view: str, split: str, replicate: int = 1) -> "ComparisonKey":
        """Return the key with a whole dose as an integer, as files have it."""
        return cls(int(dose) if float(dose).is_integer() else dose, view, split, replicate)

    @property
    def condition(self) -> tuple[float, str, str]:
        """Dose, view and split: what replicates repeat."""
        return self[:3]

    @property
    def condition_name(self) -> str:
        """Dose, view and split for texts, such as `dose_1000/dense/test`."""
        return f"{dose_label(self.dose)}/{self.view}/{self.split}"

    @property
    def place(self) -> Condition:
        """Dose, view and replicate, and the folders of their files."""
        return Condition(self.dose, self.view, self.replicate)

    @property
    def analysis_folder(self) -> str:
        """Where the comparison lies, relative to the hub."""
        return self.place.analysis_folder(self.split)

    @property
    def description(self) -> str:
        """Dose, view, split, and the replicate from the second on, in words."""
        seed = f", replicate {self.replicate}" if self.replicate > 1 else ""
        return f"{self.dose:g} photons per pattern, {self.view} view, {self.split} split{seed}"


@dataclass(frozen=True)
class Comparison:
    """One comparison, its path in the hub, and its rows; None where it was planned and failed."""

    key: ComparisonKey
    path: str
    rows: list[MetricRow] | None

    @property
    def name(self) -> str:
        """Name for texts, such as `dose_1000/dense/test` or `dose_1000/replicate_2/dense/test`."""
        return str(PurePosixPath(self.path).parent.relative_to("analysis"))


def key_of_table(relative: str) -> ComparisonKey:
    """Return what a table's path in the hub says; raises ValueError if it is of no comparison."""
    match = _TABLE_PATH.fullmatch(relative)
    if match is None or not 0 < float(match["dose"]) < math.inf:
        raise ValueError(
            f"A comparison lies in analysis/dose_<photons>/<view>/<split>/{TABLE_NAME}, with "
            f"replicate_<n> below the dose from the second replicate on, got {relative}."
        )
    replicate = int(match["replicate"] or 1)
    return ComparisonKey.of(float(match["dose"]), match["view"], match["split"], replicate)


def comparison_at(relative: str, path: Path) -> Comparison:
    """Read one comparison, by its path in the hub and on this machine; without a table it failed.

    Raises ValueError if the path does not name dose, view and split, or the table is not valid.
    """
    key = key_of_table(relative)
    rows = read_metrics_csv(path) if path.is_file() else None
    known = RECONSTRUCTIONS.entries
    unknown = {row.model: None for row in rows or () if row.model not in known}
    if unknown:
        raise ValueError(
            f"{path} has rows of {', '.join(unknown)}, and models are called {', '.join(known)}. "
            f"Correct the name, or take the rows out."
        )
    return Comparison(key, relative, rows)


def find_comparisons(hub: Path) -> list[Comparison]:
    """Return every comparison that a hub holds or has planned, in the order of their paths.

    Raises ValueError if there is none, or a table or the plan is not valid.
    """
    found = {
        path.relative_to(hub).as_posix()
        for folder in FOLDERS
        for path in hub.glob(f"{folder}/{TABLE_NAME}")
    }
    plan = read_plan(hub)
    outputs = (path for stage in plan.stages for path in stage.outputs.values()) if plan else ()
    found |= {path for path in outputs if path.endswith(f"/{TABLE_NAME}")}
    if not found:
        raise ValueError(
            f"{hub} holds no comparison: no analysis/dose_<photons>/<view>/<split>/{TABLE_NAME}. "
            f"Run the flow in this hub first."
        )
    return [comparison_at(path, hub / path) for path in sorted(found)]


def find_blocks(hub: Path) -> dict[ComparisonKey, BlockValues]:
    """Return the pseudo-values of every comparison of a hub that has them beside its table.

    Raises ValueError if a table of blocks is not valid.
    """
    paths = sorted(path for folder in FOLDERS for path in hub.glob(f"{folder}/{BLOCKS_NAME}"))
    return {
        key_of_table(path.with_name(TABLE_NAME).relative_to(hub).as_posix()): _block_values(path)
        for path in paths
    }


def _block_values(path: Path) -> BlockValues:
    """Read a table of blocks; None for an empty cell."""
    found: dict[Name, dict[int, float | None]] = {}
    for row in read_blocks(path):
        for part, value in zip(PARTS, (row.amplitude, row.phase), strict=True):
            found.setdefault((row.model, row.metric, part), {})[row.block] = value
    return found
