"""SSIM: structural similarity."""

from tasks.catalogue.metric import PARTS, SECONDARY, Metric

METRIC = Metric(name="ssim", label="SSIM", family=SECONDARY, higher_is_better=True, parts=PARTS)
