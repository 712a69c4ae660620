"""MAE: mean absolute error."""

from tasks.catalogue.metric import HEADLINE, PARTS, Metric

METRIC = Metric(
    name="mae",
    label="MAE",
    family=HEADLINE,
    higher_is_better=False,
    parts=PARTS,
    phase_unit="rad",
    decimals=6,
)
