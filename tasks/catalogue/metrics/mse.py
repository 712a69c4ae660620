"""MSE: mean squared error."""

from tasks.catalogue.metric import PARTS, SECONDARY, Metric

METRIC = Metric(name="mse", label="MSE", family=SECONDARY, higher_is_better=False, parts=PARTS)
