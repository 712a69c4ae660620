"""Fourier ring correlation with the truth: where it crosses one half, and the area below it."""

from tasks.catalogue.metric import SECONDARY, Metric

METRIC = (
    Metric(
        name="frc_half_crossing_per_px",
        label="FRC half crossing",
        family=SECONDARY,
        higher_is_better=True,
        unit="1/px",
        is_censored=True,
    ),
    Metric(name="frc_area", label="FRC area", family=SECONDARY, higher_is_better=True),
)
