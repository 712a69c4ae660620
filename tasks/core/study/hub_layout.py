"""Where everything lies in a hub: one folder per study, every path relative to it."""

from dataclasses import dataclass

DELTA_SUMMARY = "analysis/metrics_delta_summary.json"
METRICS_SUMMARY = "analysis/metrics_summary.json"
COST_TABLE = "analysis/arm_costs.csv"
CONDITION_MAP = "analysis/condition_map.json"
CONDITION_MAP_PLOT = "analysis/condition_map.png"
REPORT_PAGE = "analysis/report.html"
COMPARISON_MANIFEST = "analysis/comparison_manifest.json"
PRETTY_DELTA_SUMMARY = "analysis/metrics_delta_summary.pretty.json"
SSIM_GRID = "analysis/ssim_grid_summary.md"
HIGHLIGHTS = "analysis/metrics_delta_highlights.txt"
PREVIEW = "analysis/metrics_delta_highlights_preview.txt"
DIGEST = "analysis/metrics_digest.md"
AGGREGATE_REPORT = "analysis/aggregate_report.md"
AGGREGATE_HIGHLIGHTS = "analysis/aggregate_highlights.txt"
SUMMARY_TEXT = "analysis/metrics_summary.md"
COST_TEXT = "analysis/arm_costs.md"
COST_PLOT = "analysis/pareto.png"
DELTA_PLOT = "analysis/deltas.png"
BLOCKER_JSON = "analysis/blocker.json"
BLOCKER_TEXT = "analysis/blocker.txt"
INVENTORY = "analysis/artifact_inventory.txt"
VERIFICATION_REPORT = "analysis/verification_report.json"
ATTEMPTS = "summary/attempts.jsonl"
HUB_SUMMARY = "summary/summary.md"
RESEARCH_OBJECT = "ro-crate-metadata.json"
PLAN = "plan/plan.json"
# Key of the plan, where a run has rows that the catalogue has not.
OWN_ROWS = "own_rows"
RUN_LOG = "cli/run_phase_g_dense.log"

# The view of a measured scan of which every exposure is used.
AS_MEASURED = "measured"
# The two halves of a view.
HALVES = ("odd", "even")


def dose_label(photons_per_pattern: float) -> str:
    """Return the folder name of a dose, such as `dose_1000`."""
    if float(photons_per_pattern).is_integer():
        return f"dose_{int(photons_per_pattern)}"
    return f"dose_{photons_per_pattern!r}"


@dataclass(frozen=True)
class Condition:
    """One dose (mean photons of a pattern), view and replicate of a study, and where its files are.

    Replicates count from 1; the first has no folder of its own, so that further ones leave its
    files where they are.
    """

    photons_per_pattern: float
    view: str
    replicate: int = 1

    @property
    def labels(self) -> tuple[str, ...]:
        """Dose and, from the second on, replicate; for folders and names of stages."""
        dose = dose_label(self.photons_per_pattern)
        return (dose,) if self.replicate == 1 else (dose, f"replicate_{self.replicate}")

    @property
    def folder(self) -> str:
        """Folder of the dose and replicate below that of a phase."""
        return "/".join(self.labels)

    def scan(self, split: str) -> str:
        """Return the CXI of a split; holds no truth."""
        return f"data/phase_c/{self.folder}/{split}.cxi"

    @property
    def truth(self) -> str:
        """The true object, apart from every measurement."""
        return f"data/phase_c/{self.folder}/truth.h5"

    def view_folder(self, split: str) -> str:
        """Return the folder of a view's choice of exposures."""
        return f"data/phase_d/{self.folder}/{self.view}/{split}"

    def training_folder(self, arm: str, group_size: int) -> str:
        """Return the folder of a trained network."""
        return f"data/phase_e/{self.folder}/{self.view}/{arm}/gs{group_size}"

    def reconstruction(self, split: str, arm: str) -> str:
        """Return the reconstruction of a split by an arm."""
        return f"data/phase_f/{self.folder}/{self.view}/{split}/{arm}.h5"

    def analysis_folder(self, split: str) -> str:
        """Return the folder of a comparison."""
        return f"analysis/{self.folder}/{self.view}/{split}"
