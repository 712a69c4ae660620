"""Cost beside quality: the points of a Pareto plot."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from tasks.catalogue.headline import ERROR
from tasks.core.files.metrics_table import MetricRow
from tasks.report.costs.costs import ArmCost
from tasks.report.records.comparisons import ComparisonKey

Errors = tuple[str, str]
QUALITIES: tuple[Errors, ...] = tuple((ERROR.name, part) for part in reversed(ERROR.parts))


@dataclass(frozen=True)
class Spread:
    """Mean and standard deviation over replicates; no deviation for one alone."""

    mean: float
    deviation: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Take at least one value."""
        return cls(fmean(values), stdev(values) if len(values) > 1 else None)


@dataclass(frozen=True)
class CostPoint:
    """A model at one dose, view and split, over all replicates, with the errors that all have."""

    model: str
    costs: tuple[ArmCost, ...]
    quality: Mapping[Errors, Spread]

    @property
    def title(self) -> str:
        """Dose, view and split in words."""
        return self.costs[0].key._replace(replicate=1).description

    def of(self, name: str) -> Spread | None:
        """Return the spread of a field of the costs; None where a replicate lacks it."""
        values = [getattr(cost, name) for cost in self.costs]
        return None if None in values else Spread.of(values)

    @property
    def cpu_s(self) -> Spread:
        """CPU-seconds for one scan."""
        return Spread.of([cost.cpu_s for cost in self.costs])

    @property
    def total_cpu_s(self) -> Spread:
        """CPU-seconds for one scan and the training before it."""
        return Spread.of([cost.cpu_s + cost.training_cpu_s for cost in self.costs])


def cost_points(
    costs: Iterable[ArmCost], tables: Mapping[ComparisonKey, Sequence[MetricRow]]
) -> list[CostPoint]:
    """Return costs with the errors of their comparisons, replicates put together."""
    grouped: dict[tuple[tuple[float, str, str], str], list[ArmCost]] = {}
    for cost in costs:
        grouped.setdefault((cost.key.condition, cost.model), []).append(cost)
    points = []
    for (_, model), members in grouped.items():
        quality = {}
        for metric, part in QUALITIES:
            values = [_value(tables[cost.key], model, metric, part) for cost in members]
            known = [value for value in values if value is not None]
            if len(known) == len(members):
                quality[metric, part] = Spread.of(known)
        points.append(CostPoint(model, tuple(members), quality))
    return points


def by_condition(points: Iterable[CostPoint]) -> list[list[CostPoint]]:
    """Return the points of each dose, view and split, conditions in their order."""
    grouped: dict[tuple[float, str, str], list[CostPoint]] = {}
    for point in points:
        grouped.setdefault(point.costs[0].key.condition, []).append(point)
    return [grouped[condition] for condition in sorted(grouped)]


def pareto_front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points (cost, error) that no other beats, cheapest first.

    A point beats another if it is no worse in cost and error, and better in one of them.
    """
    front: list[tuple[float, float]] = []
    for cost, error in sorted(set(points)):
        if not front or error < front[-1][1]:
            front.append((cost, error))
    return front


def _value(rows: Iterable[MetricRow], model: str, metric: str, part: str) -> float | None:
    found = (getattr(row, part) for row in rows if (row.model, row.metric) == (model, metric))
    return next(found, None)
