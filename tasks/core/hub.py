"""Where everything lies in a hub: one folder per study, every path relative to it."""

from dataclasses import dataclass

DELTA_SUMMARY = "analysis/metrics_delta_summary.json"
METRICS_SUMMARY = "analysis/metrics_summary.json"
COMPARISON_MANIFEST = "analysis/comparison_manifest.json"
PLAN = "plan/plan.json"
RUN_LOG = "cli/run_phase_g_dense.log"


def dose_label(photons_per_pattern: float) -> str:
    """Return the folder name of a dose, such as `dose_1000`."""
    if float(photons_per_pattern).is_integer():
        return f"dose_{int(photons_per_pattern)}"
    return f"dose_{photons_per_pattern!r}"


@dataclass(frozen=True)
class Condition:
    """One dose and view of a study, and the folders of its files.

    Attributes:
        photons_per_pattern: Mean photons of one pattern.
        view: Name of the view.
    """

    photons_per_pattern: float
    view: str

    @property
    def dose(self) -> str:
        """Folder name of the dose."""
        return dose_label(self.photons_per_pattern)

    def scan(self, split: str) -> str:
        """Return the CXI of a split; holds no truth."""
        return f"data/phase_c/{self.dose}/{split}.cxi"

    @property
    def truth(self) -> str:
        """The true object, apart from every measurement."""
        return f"data/phase_c/{self.dose}/truth.h5"

    def view_folder(self, split: str) -> str:
        """Return the folder of a view's choice of exposures."""
        return f"data/phase_d/{self.dose}/{self.view}/{split}"

    def training_folder(self, arm: str, group_size: int) -> str:
        """Return the folder of a trained network."""
        return f"data/phase_e/{self.dose}/{self.view}/{arm}/gs{group_size}"

    def reconstruction(self, split: str, arm: str) -> str:
        """Return the reconstruction of a split by an arm."""
        return f"data/phase_f/{self.dose}/{self.view}/{split}/{arm}.h5"

    def analysis_folder(self, split: str) -> str:
        """Return the folder of a comparison."""
        return f"analysis/{self.dose}/{self.view}/{split}"
