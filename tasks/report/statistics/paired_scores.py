"""The values behind a delta: of whole comparisons, and of the blocks of their images."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tasks.catalogue.headline import SUBJECT
from tasks.catalogue.metric import PARTS, VALUE
from tasks.report.records.comparisons import BlockValues, ComparisonKey, Name


class DeltaKey(NamedTuple):
    """Which difference is wanted: a metric of one model minus that of another.

    Attributes:
        other: Name of the other model.
        metric: Name of the metric in the tables.
        part: `amplitude` or `phase`; `value` for a metric that belongs to neither.
        own: Name of the model itself.
    """

    other: str
    metric: str
    part: str
    own: str = SUBJECT.name

    @property
    def pair(self) -> tuple[Name, Name]:
        """The names of the two values, own first."""
        return (self.own, self.metric, self.part), (self.other, self.metric, self.part)


@dataclass(frozen=True)
class PairedScores:
    """The comparisons that a delta is the mean of.

    Attributes:
        tables: Values of each comparison by model, metric and part.
        blocks: Pseudo-values by block, of those comparisons that have them.
    """

    tables: Mapping[ComparisonKey, Mapping[Name, float | None]]
    blocks: Mapping[ComparisonKey, BlockValues]

    @classmethod
    def of(
        cls, entries: Iterable[Mapping[str, Any]], blocks: Mapping[ComparisonKey, BlockValues]
    ) -> "PairedScores":
        """Take entries of `jobs` in `metrics_summary.json`."""
        return cls({key_of(entry): values_of(entry["metrics"]) for entry in entries}, blocks)

    @property
    def replicates(self) -> dict[int, list[ComparisonKey]]:
        """The comparisons of each replicate."""
        found: dict[int, list[ComparisonKey]] = {}
        for key in self.tables:
            found.setdefault(key.replicate, []).append(key)
        return found

    def mean(self, name: Name, keys: Iterable[ComparisonKey]) -> float | None:
        """Return the mean of a value over comparisons; None unless each of them has it."""
        return mean_of_all([self.tables[key].get(name) for key in keys])

    def delta(self, wanted: DeltaKey) -> float | None:
        """Return the difference of the means over all comparisons; None if a value is missing."""
        own, other = (self.mean(name, self.tables) for name in wanted.pair)
        return None if own is None or other is None else own - other


def values_of(rows: Iterable[Mapping[str, Any]]) -> dict[Name, float | None]:
    """Return the values of rows of `metrics_summary.json` by model, metric and part."""
    return {
        (row["model"], row["metric"], part): row[part] for row in rows for part in (*PARTS, VALUE)
    }


def mean_of_all(values: list[float | None]) -> float | None:
    """Return the mean of values; None if there are none, or one of them is missing."""
    present = [value for value in values if value is not None]
    return math.fsum(present) / len(present) if len(present) == len(values) > 0 else None


def key_of(entry: Mapping[str, Any]) -> ComparisonKey:
    """Return which comparison an entry of `jobs` is; the first replicate where it does not say."""
    return ComparisonKey.of(entry["dose"], entry["view"], entry["split"], entry.get("replicate", 1))
