"""What an entry of the catalogue of metrics says."""

from dataclasses import dataclass

from tasks.catalogue.registry import check_name

NAME_PATTERN = "[a-z][a-z0-9_]*"
AMPLITUDE, PHASE, VALUE = "amplitude", "phase", "value"
PARTS = (AMPLITUDE, PHASE)
RAW = "raw_"
# P-values are corrected within a family; deltas are told of the first two, and of further ones.
HEADLINE, SECONDARY = "headline", "secondary"
TRUTH_FREE, DIAGNOSTIC, COST = "truth-free", "diagnostic", "cost"
WITHOUT_DELTAS = (TRUTH_FREE, DIAGNOSTIC, COST)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A number of every reconstruction in the table of a comparison.

    Attributes:
        name: Name in tables and files.
        label: Name for people, without its unit.
        family: P-values are corrected together with those of the other metrics of it.
        higher_is_better: Which direction is better; None where neither is.
        parts: `amplitude` and `phase`, or `value` for a metric that belongs to neither.
        unit: Unit, as it stands in brackets; empty for none.
        phase_unit: Unit of the phase's value where it differs.
        decimals: Of a delta, for people.
        is_censored: Whether a missing value means better than can be told: the image agrees with
            the truth to the finest detail.
    """

    name: str
    label: str
    family: str
    higher_is_better: bool | None
    parts: tuple[str, ...] = (VALUE,)
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


def check_metric(entry: Metric) -> None:
    """Refuse an entry whose name or label will not do.

    Raises:
        ValueError: The message says which, and what is expected.
    """
    check_name(entry.name, NAME_PATTERN, ("model", "metric", *PARTS, VALUE))
    if entry.name.startswith(RAW):
        raise ValueError(f"{RAW} begins the names of values before alignment, got {entry.name!r}")
    if not entry.label or any(sign in entry.label for sign in "<>&|`"):
        raise ValueError(f"a label is plain text without markup, got {entry.label!r}")
    if entry.parts not in (PARTS, (VALUE,)):
        raise ValueError(f"parts are {PARTS} or {(VALUE,)}, got {entry.parts}")
