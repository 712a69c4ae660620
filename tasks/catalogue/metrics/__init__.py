"""The catalogue of metrics: one file for each, or for a few of one kind, and one line here.

A package that is installed beside this one brings its own by an entry point of the group
`phase_g.metrics`, which names a `Metric`.
"""

from tasks.catalogue.metric import RAW, WITHOUT_DELTAS, Metric, check_metric
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
    "diagnostics",
    "truth_free",
    "costs",
)
# The first rows of a model in `comparison_metrics.csv`; those of all other metrics follow.
OF_PARTS = ("mae", "mse", "psnr", "ssim", "ms_ssim")
FIRST_ROWS = (
    *OF_PARTS,
    *(RAW + name for name in OF_PARTS),
    "complex_nrmse",
    RAW + "complex_nrmse",
    "gauge_factor_abs",
    "gauge_factor_rad",
    "gauge_ramp_rad_per_px",
    "gauge_shift_px",
    "gauge_at_bound",
    "gauge_shift_determined",
    "coverage_fraction",
    "frc_half_crossing_per_px",
    "frc_area",
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

    @property
    def scored(self) -> list[Metric]:
        """The metrics of an image against the truth, in the order of the table's rows."""
        found = [metric for metric in self.entries.values() if metric.score is not None]
        return sorted(found, key=lambda metric: row_place(metric.name))

    def of_family(self, family: str) -> list[Metric]:
        """Return the metrics of one family."""
        return [metric for metric in self.entries.values() if metric.family == family]


def row_place(name: str) -> int:
    """Return the place of a row among those of its model; rows of equal places keep their order."""
    return FIRST_ROWS.index(name) if name in FIRST_ROWS else len(FIRST_ROWS)


METRICS = Metrics("metric", Metric, check_metric)
METRICS.add_modules(__name__, MODULES, "METRIC")
METRICS.add_entry_points(GROUP)
