"""What has changed between two runs, and whether it is more than noise.

A number is known to half the width of its 95 % interval. Two runs are independent, so that the
half-width of their difference is the root of the sum of both squares; a change is beyond the noise
where it is larger. What is known of neither noise nor value is never called better or unchanged.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tasks.catalogue.metrics import METRICS


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
    """A number and how well it is known.

    Attributes:
        value: The number; None where it is missing.
        half_width: Half the width of its 95 % interval; None where that is unknown.
        kind: `seeds` or `spatial`; None without an interval.
        n: Number of seeds or blocks.
    """

    value: float | None
    half_width: float | None = None
    kind: str | None = None
    n: int = 0


@dataclass(frozen=True)
class Change:
    """One number in two runs.

    Attributes:
        subject: An arm, or a difference such as `PtychoPINN - Baseline`.
        metric: Name of the metric in the tables.
        part: `amplitude` or `phase`; `value` for a metric that belongs to neither.
        before: In the first run.
        after: In the second run.
    """

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
