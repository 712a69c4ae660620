"""MS-SSIM: multi-scale structural similarity."""

from tasks.catalogue.metric import HEADLINE, PARTS, Metric

METRIC = Metric(
    name="ms_ssim", label="MS-SSIM", family=HEADLINE, higher_is_better=True, parts=PARTS
)
