"""Complex NRMSE: error of the complex object, relative to its norm."""

from tasks.catalogue.metric import SECONDARY, Metric

METRIC = Metric(
    name="complex_nrmse", label="complex NRMSE", family=SECONDARY, higher_is_better=False
)
