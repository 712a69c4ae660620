"""Fourier ring correlation with the truth: where it crosses one half, and the area below it.

Neither has a value before alignment: a ramp of the phase moves every ring.
"""

from tasks.catalogue.metric import SECONDARY, Metric, Score
from tasks.catalogue.scoring.image_pair import ImagePair


def half_crossing(pair: ImagePair) -> Score:
    """Return the frequency [1 / px] at which the correlation first falls below one half."""
    return Score(pair.frc.half_crossing_per_px, reason=pair.frc.reason)


def area(pair: ImagePair) -> Score:
    """Return the mean correlation from 0 to 0.5 / px, all frequencies alike; 1 is perfect."""
    value = pair.frc.area
    return Score(value, reason=pair.frc.reason if value is None else None)


METRIC = (
    Metric(
        name="frc_half_crossing_per_px",
        label="FRC half crossing",
        family=SECONDARY,
        higher_is_better=True,
        score=half_crossing,
        has_raw=False,
        unit="1/px",
        is_censored=True,
    ),
    Metric(
        name="frc_area",
        label="FRC area",
        family=SECONDARY,
        higher_is_better=True,
        score=area,
        has_raw=False,
    ),
)
