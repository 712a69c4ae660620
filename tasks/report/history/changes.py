"""What has changed between two runs, and whether it is more than noise.

A number is known to half the width of its 95 % interval. Two runs are independent, so that the
half-width of their difference is the root of the sum of both squares; a change is beyond the noise
where it is larger. What is known of neither noise nor value is never called better or unchanged.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from tasks.catalogue.headline import SUBJECT, metrics_among
from tasks.catalogue.metrics import METRICS
from tasks.report.records.attempts import Deltas, Intervals, KnownTo, interval_record, read_attempts
from tasks.report.records.hub_contents import read_plan
from tasks.report.statistics.delta_keys import others_of, vs


class Outcome(Enum):
    """What became of a number; the value is its name in tables."""

    SAME = "no change"
    NOISE = "within noise"
    BETTER = "better"
    WORSE = "worse"
    UNKNOWN = "noise unknown"
    CENSORED = "not crossed"
    LOST = "lost"
    NEW = "new"


FAULTS = (Outcome.WORSE, Outcome.LOST)


@dataclass(frozen=True)
class Measured:
    """A number, half the width of its 95 % interval, and the seeds or blocks that this comes from.

    The kind is `seeds` or `spatial`. What is not known is None.
    """

    value: float | None
    half_width: float | None = None
    kind: str | None = None
    n: int = 0


@dataclass(frozen=True)
class Change:
    """One number in two runs; its subject is an arm, or such as `PtychoPINN - Baseline`."""

    subject: str
    metric: str
    part: str
    before: Measured
    after: Measured

    @property
    def change(self) -> float | None:
        """After minus before; None where one is missing."""
        if self.before.value is None or self.after.value is None:
            return None
        return self.after.value - self.before.value

    @property
    def noise(self) -> float | None:
        """Half the width of the interval of the change; None where either is unknown."""
        if self.before.half_width is None or self.after.half_width is None:
            return None
        return math.hypot(self.before.half_width, self.after.half_width)

    @property
    def is_against_direction(self) -> bool:
        """Whether the number moved to where a worse one lies, by however little."""
        change, higher_is_better = self.change, METRICS.get(self.metric).higher_is_better
        if not change or higher_is_better is None:
            return False
        return (change > 0) != higher_is_better

    @property
    def outcome(self) -> Outcome:
        """What became of the number."""
        change, noise = self.change, self.noise
        if change is None and METRICS.get(self.metric).is_censored:
            return Outcome.CENSORED
        if change is None:
            return Outcome.NEW if self.before.value is None else Outcome.LOST
        if change == 0:
            return Outcome.SAME
        if noise is None:
            return Outcome.UNKNOWN
        if abs(change) <= noise:
            return Outcome.NOISE
        return Outcome.WORSE if self.is_against_direction else Outcome.BETTER

    @property
    def as_json(self) -> dict[str, Any]:
        """The change as JSON."""
        return {
            "subject": self.subject,
            "metric": self.metric,
            "part": self.part,
            "before": self.before.value,
            "after": self.after.value,
            "change": self.change,
            "noise": self.noise,
            "outcome": self.outcome.value,
        }


def faults_of(changes: Iterable[Change]) -> list[Change]:
    """Return what got worse beyond its noise, and what is no longer there."""
    return [change for change in changes if change.outcome in FAULTS]


def unjudged_of(changes: Iterable[Change]) -> list[Change]:
    """Return what moved against its direction by an amount of which nobody knows if it is noise."""
    return [c for c in changes if c.outcome is Outcome.UNKNOWN and c.is_against_direction]


def find_regressions(hub: Path, delta: dict[str, Any]) -> list[Change]:
    """Return the deltas that are worse than those of the attempt before, beyond their noise.

    The last attempt with deltas counts that had the parameters of the hub's plan. Raises ValueError
    if the record of attempts, or the plan, is damaged.
    """
    plan = read_plan(hub)
    attempts = read_attempts(hub) if plan else []
    told = [
        (attempt.deltas, attempt.intervals or {})
        for attempt in attempts
        if plan and attempt.deltas is not None and attempt.parameters == plan.parameters
    ]
    if not told:
        return []
    after_intervals: Intervals = {
        other: {
            metric: {part: KnownTo.model_validate(entry) for part, entry in parts.items()}
            for metric, parts in metrics.items()
        }
        for other, metrics in interval_record(delta).items()
    }
    return faults_of(delta_changes(told[-1], (delta["deltas"], after_intervals)))


def delta_changes(
    before: tuple[Deltas, Intervals], after: tuple[Deltas, Intervals]
) -> list[Change]:
    """Return every delta that two runs tell of; those that neither has are left out."""
    told = {**before[0], **after[0]}
    changes = [
        Change(
            f"{SUBJECT.name} - {other.name}",
            metric.name,
            part,
            *(measured_delta(*run, (vs(other.name), metric.name, part)) for run in (before, after)),
        )
        for other in others_of(told)
        for metric in metrics_among({name for found in told.values() for name in found})
        for part in metric.parts
    ]
    return [c for c in changes if c.before.value is not None or c.after.value is not None]


def measured_delta(deltas: Deltas, intervals: Intervals, name: tuple[str, str, str]) -> Measured:
    """Return a delta of an attempt, and how well it is known."""
    other, metric, part = name
    value = deltas.get(other, {}).get(metric, {}).get(part)
    known = intervals.get(other, {}).get(metric, {}).get(part, KnownTo())
    return Measured(value, known.half_width, known.kind, known.n or 0)
