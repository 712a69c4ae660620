"""What two halves of the patterns say of each other, without the truth."""

from tasks.catalogue.metric import TRUTH_FREE, Metric

DEVIANCE = Metric(
    name="heldout_deviance_per_px",
    label="deviance of held-out patterns",
    family=TRUTH_FREE,
    higher_is_better=False,
    unit="1/px",
)
R_FACTOR = Metric(
    name="heldout_r_factor",
    label="R factor of held-out patterns",
    family=TRUTH_FREE,
    higher_is_better=False,
)
HALF_CROSSING = Metric(
    name="halves_frc_half_crossing_per_px",
    label="FRC half crossing of the halves",
    family=TRUTH_FREE,
    higher_is_better=True,
    unit="1/px",
    is_censored=True,
)
AREA = Metric(
    name="halves_frc_area", label="FRC area of the halves", family=TRUTH_FREE, higher_is_better=True
)
SEVENTH_CROSSING = Metric(
    name="halves_frc_seventh_crossing_per_px",
    label="FRC crossing of 1 / 7 of the halves",
    family=TRUTH_FREE,
    higher_is_better=True,
    unit="1/px",
    is_censored=True,
)
METRIC = (DEVIANCE, R_FACTOR, HALF_CROSSING, AREA, SEVENTH_CROSSING)
