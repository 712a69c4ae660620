"""The catalogue of metrics: one file for each, or for a few of one kind, and one line here.

A package that is installed beside this one brings its own by an entry point of the group
`phase_g.metrics`, which names a `Metric`.
"""

from tasks.catalogue.metric import WITHOUT_DELTAS, Metric, check_metric
from tasks.catalogue.registry import Catalogue

GROUP = "phase_g.metrics"
# In the order of reports.
MODULES = (
    "ms_ssim",
    "mae",
    "ssim",
    "psnr",
    "mse",
    "complex_nrmse",
    "frc",
)


class Metrics(Catalogue[Metric]):
    """The catalogue, and the parts of it that others ask for."""

    @property
    def families(self) -> dict[str, list[Metric]]:
        """The metrics that deltas are told of, by the family that their p-values belong to."""
        found: dict[str, list[Metric]] = {}
        for metric in self.entries.values():
            if metric.family not in WITHOUT_DELTAS:
                found.setdefault(metric.family, []).append(metric)
        return found


METRICS = Metrics("metric", check_metric)
METRICS.add_modules(__name__, MODULES, "METRIC")
METRICS.add_entry_points(GROUP, Metric)
