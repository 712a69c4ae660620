"""What an entry of the catalogue of metrics says, and what it makes of an image."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks.catalogue.registry import check_name
from tasks.catalogue.scoring.image_pair import ImagePair

NAME_PATTERN = "[a-z][a-z0-9_]*"
AMPLITUDE, PHASE, VALUE = "amplitude", "phase", "value"
PARTS = (AMPLITUDE, PHASE)
RAW = "raw_"
# P-values are corrected within a family; deltas are told of the first two, and of further ones.
HEADLINE, SECONDARY = "headline", "secondary"
TRUTH_FREE, DIAGNOSTIC, COST = "truth-free", "diagnostic", "cost"
WITHOUT_DELTAS = (TRUTH_FREE, DIAGNOSTIC, COST)


class Score(NamedTuple):
    """What a metric says of an image.

    Attributes:
        value: The value; None where it is not defined.
        blocks: Pseudo-values of the 3 x 3 blocks, shape (9,); None where there are none.
        reason: Why there is no value.
    """

    value: float | None
    blocks: NDArray[np.floating] | None = None
    reason: str | None = None


# By name of the metric, and part.
Scores = dict[tuple[str, str], Score]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number of every reconstruction in the table of a comparison.

    Attributes:
        name: Name in tables and files.
        label: Name for people, without its unit.
        family: P-values are corrected together with those of the other metrics of it.
        higher_is_better: Which direction is better; None where neither is.
        score: Scores an image against the truth: its amplitude and its phase, or, of a metric that
            belongs to neither, its complex values; None for what is not made of such a pair.
        parts: `amplitude` and `phase`, or `value` for a metric that belongs to neither.
        has_raw: Whether the score before alignment is told too, as `raw_<name>`.
        unit: Unit, as it stands in brackets; empty for none.
        phase_unit: Unit of the phase's value where it differs.
        decimals: Of a delta, for people.
        is_censored: Whether a missing value means better than can be told: the image agrees with
            the truth to the finest detail.
    """

    name: str
    label: str
    family: str
    higher_is_better: bool | None = None
    score: Callable[[ImagePair], Score] | None = None
    parts: tuple[str, ...] = (VALUE,)
    has_raw: bool = True
    unit: str = ""
    phase_unit: str = ""
    decimals: int = 3
    is_censored: bool = False

    @property
    def direction(self) -> str:
        """`higher is better` or `lower is better`; empty where neither is."""
        if self.higher_is_better is None:
            return ""
        return "higher is better" if self.higher_is_better else "lower is better"

    def unit_of(self, part: str) -> str:
        """Return the unit of a part's value; empty for none."""
        return self.phase_unit if part == PHASE and self.phase_unit else self.unit

    def title(self, part: str = VALUE) -> str:
        """Return label, part and unit, such as `MAE phase [rad]` or `FRC area`."""
        words = [self.label] if part == VALUE else [self.label, part]
        unit = self.unit_of(part)
        return " ".join([*words, f"[{unit}]"] if unit else words)

    def score_of(self, pair: ImagePair, part: str) -> Score:
        """Return the score of a part of an image; an infinite one is None, with the reason.

        ValueError if there is no `score`, or it is not a number.
        """
        found = Score(math.nan) if self.score is None else self.score(pair)
        if found.value is None or math.isfinite(found.value):
            return found
        if math.isinf(found.value):
            return Score(None, reason=f"{self.name} is infinite: the image equals the truth")
        what = self.name if part == VALUE else f"{self.name} of the {part}"
        raise ValueError(
            f"{what} is NaN. Make the reconstruction again if its pixels are not finite. If they "
            f"are, the metric is at fault: correct it, or return Score(None, reason=...) there."
        )


def check_metric(entry: Metric) -> None:
    """Refuse an entry (ValueError) whose name, label, parts or direction will not do."""
    check_name(entry.name, NAME_PATTERN, ("model", "metric", *PARTS, VALUE))
    if entry.name.startswith(RAW):
        raise ValueError(f"{RAW} begins the names of values before alignment, got {entry.name!r}")
    if not entry.label or any(sign in entry.label for sign in "<>&|`"):
        raise ValueError(f"a label is plain text without markup, got {entry.label!r}")
    if entry.parts not in (PARTS, (VALUE,)):
        raise ValueError(f"parts are {PARTS} or {(VALUE,)}, got {entry.parts}")
    if entry.higher_is_better is None and (entry.score is not None or entry.family != DIAGNOSTIC):
        raise ValueError(
            f"only a {DIAGNOSTIC} without a score has no direction: set higher_is_better, got None"
        )
