"""What a comparison says of its own rows: the gauge that was removed, and what was compared."""

from tasks.catalogue.metric import DIAGNOSTIC, Metric
from tasks.core.files.metrics_table import AGAINST_REFERENCE

DOUBLING_GAIN = Metric(
    name="doubling_gain",
    label="gain of twice the epochs",
    family=DIAGNOSTIC,
    higher_is_better=False,
)
METRIC = (
    Metric(name="gauge_factor_abs", label="modulus of the gauge's factor", family=DIAGNOSTIC),
    Metric(
        name="gauge_factor_rad",
        label="phase of the gauge's factor",
        family=DIAGNOSTIC,
        unit="rad",
    ),
    Metric(
        name="gauge_ramp_rad_per_px",
        label="ramp of the gauge",
        family=DIAGNOSTIC,
        unit="rad/px",
    ),
    Metric(name="gauge_shift_px", label="shift of the gauge", family=DIAGNOSTIC, unit="px"),
    Metric(name="gauge_at_bound", label="shift at its bound (1: yes)", family=DIAGNOSTIC),
    Metric(name="gauge_shift_determined", label="shift determined (1: yes)", family=DIAGNOSTIC),
    Metric(name="coverage_fraction", label="share of the region held", family=DIAGNOSTIC),
    DOUBLING_GAIN,
    Metric(
        name=AGAINST_REFERENCE,
        label="held against a reference, not the truth (1: yes)",
        family=DIAGNOSTIC,
    ),
)
