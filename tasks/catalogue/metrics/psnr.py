"""PSNR: peak signal-to-noise ratio."""

from tasks.catalogue.metric import PARTS, SECONDARY, Metric

METRIC = Metric(
    name="psnr", label="PSNR", family=SECONDARY, higher_is_better=True, parts=PARTS, unit="dB"
)
