"""The values behind a delta, of comparisons and of the blocks of their images, and its interval."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from tasks.catalogue.headline import SUBJECT
from tasks.catalogue.metric import PARTS, VALUE
from tasks.catalogue.metrics import METRICS
from tasks.report.records.comparisons import BlockValues, ComparisonKey, Name
from tasks.report.statistics.t_intervals import (
    LEAST_N,
    Interval,
    MeanDifference,
    combine,
    mean_difference,
    t_interval,
)

Kind = Literal["seeds", "spatial"]
UNKNOWN = Interval(None, None)
Pairs = dict[int, tuple[float, float]]


class DeltaKey(NamedTuple):
    """Which difference is wanted: a metric of one model minus that of another.

    The part is `amplitude` or `phase`; `value` for a metric that belongs to neither.
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
    """The comparisons that a delta is the mean of."""

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


@dataclass(frozen=True)
class DeltaEstimate:
    """What is known of a delta: the middle of its interval, from n replicates or blocks.

    The kind is `seeds` or `spatial`; kind and middle are None without a standard error. The reason
    says why there is no interval, or what it leaves out.
    """

    estimate: float | None = None
    interval: Interval = UNKNOWN
    n: int = 0
    kind: Kind | None = None
    reason: str = ""


def estimate_delta(scores: PairedScores, wanted: DeltaKey) -> DeltaEstimate:
    """Return the 95 % interval of a delta: over seeds where there are several, else over blocks."""
    delta = scores.delta(wanted)
    if delta is None:
        return DeltaEstimate(reason=_why_missing(scores, wanted))
    if len(scores.replicates) >= LEAST_N:
        return _over_seeds(scores, wanted)
    return _over_blocks(scores, wanted, delta)


def _why_missing(scores: PairedScores, wanted: DeltaKey) -> str:
    """Return why there is no delta; an empty row of a censored metric is no fault."""
    tables = scores.tables.values()
    empty = [name[0] for name in wanted.pair if any(t.get(name, 0) is None for t in tables)]
    if not (empty and METRICS.get(wanted.metric).is_censored):
        return f"a value of {wanted.own} or {wanted.other} is missing"
    return (
        f"no crossing for {' and '.join(empty)}, whose correlation stays above the threshold up to "
        f"the Nyquist frequency, or is not defined (`undefined` in comparison.json)"
    )


def _over_seeds(scores: PairedScores, wanted: DeltaKey) -> DeltaEstimate:
    """Return the interval over replicates, each the mean over the conditions that all share."""
    by_condition = [{key.condition: key for key in keys} for keys in scores.replicates.values()]
    shared = sorted(set.intersection(*map(set, by_condition)))
    n_conditions = len(set.union(*map(set, by_condition)))
    if not shared:
        return DeltaEstimate(reason="the replicates share no dose, view and split")
    # Every comparison has the values, or there would be no delta.
    own, other = (
        [
            value
            for keys in by_condition
            if (value := scores.mean(name, [keys[place] for place in shared])) is not None
        ]
        for name in wanted.pair
    )
    found = _estimate(mean_difference(own, other), "seeds")
    if len(shared) == n_conditions or found.reason:
        return found
    reason = f"over {len(shared)} of {n_conditions} conditions, those of every replicate"
    return replace(found, reason=reason)


def _over_blocks(scores: PairedScores, wanted: DeltaKey, delta: float) -> DeltaEstimate:
    """Return the interval over the blocks of one replicate, around the delta itself.

    Doses and views of a split show one object, and their errors may be alike: they are averaged
    block by block, which is right whether they are or not. Splits show objects of their own:
    their means are independent. Pseudo-values average to the metric to first order.
    """
    by_split: dict[str, list[Pairs]] = {}
    for key in scores.tables:
        pairs = _block_pairs(scores, wanted, key)
        if isinstance(pairs, str):
            return DeltaEstimate(reason=f"one replicate alone, and {pairs}")
        by_split.setdefault(key.split, []).append(pairs)
    means = []
    for split, images in by_split.items():
        blocks = sorted(images[0])
        if any(sorted(image) != blocks for image in images):
            reason = f"one replicate alone, and its {split} images differ in blocks"
            return DeltaEstimate(reason=reason)
        own, other = (
            [sum(image[block][side] for image in images) / len(images) for block in blocks]
            for side in (0, 1)
        )
        means.append(mean_difference(own, other))
    combined = combine(means, [len(images) for images in by_split.values()])
    return _estimate(replace(combined, mean=delta), "spatial")


def _block_pairs(scores: PairedScores, wanted: DeltaKey, key: ComparisonKey) -> Pairs | str:
    """Return the pseudo-values of both arms in the blocks of one image, or why there are none."""
    if key not in scores.blocks:
        return f"{key.condition_name} has no table of blocks"
    own, other = (scores.blocks[key].get(name, {}) for name in wanted.pair)
    if not own or not other:
        return f"the blocks of {key.condition_name} have no {wanted.metric}"
    pairs = {
        block: (value, other_value)
        for block, value in own.items()
        if value is not None and (other_value := other.get(block)) is not None
    }
    if len(pairs) < max(len(own), len(other), LEAST_N):
        return f"a block of {key.condition_name} has no {wanted.metric}"
    return pairs


def _estimate(difference: MeanDifference, kind: Kind) -> DeltaEstimate:
    interval = t_interval(difference)
    return DeltaEstimate(difference.mean, interval, difference.n, kind, interval.reason)
