"""How large a simulated run is: patterns of both scans, and pixels of a pattern."""

from pydantic import Field

from tasks.core import StrictModel
from tasks.core.probes import PatternPx, ProbeParams
from tasks.simulate.params import ScanShape


class SizeOptions(StrictModel):
    """Sizes of the scans; what is not set is as the profile has it."""

    train: ScanShape | None = Field(
        None,
        title="Training scan",
        description="Rows and columns of the training scan, a pattern each; none: the profile's",
    )
    test: ScanShape | None = Field(
        None,
        title="Test scan",
        description="Rows and columns of the test scan, a pattern each; none: the profile's",
    )
    pattern_px: PatternPx | None = Field(
        None,
        title="Side of a pattern [px]",
        description="Side of a pattern, as probe.n_px is; none: that one, or the profile's",
    )


def refuse_two_sides(size: SizeOptions, probe: ProbeParams | None) -> None:
    """Refuse (ValueError) a side of a pattern that size and probe have set differently."""
    asked = None if probe is None or "n_px" not in probe.model_fields_set else probe.n_px
    if None not in (size.pattern_px, asked) and size.pattern_px != asked:
        raise ValueError(
            f"A pattern has one side, got size.pattern_px={size.pattern_px} and "
            f"probe.n_px={asked}. Leave one of them out."
        )
