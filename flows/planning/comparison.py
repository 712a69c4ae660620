"""The stages of one condition: which function reads and writes which files."""

from collections.abc import Iterable

from flows.planning.planner import StageFactory, iterates_of, model_files
from flows.planning.variants import REFINED, ExtraPlanner
from tasks.core.study.arms import NETWORK_ARMS, Arm
from tasks.core.study.half_sets import HALVES
from tasks.core.study.hub_layout import COMPARISON_MANIFEST, METRICS_SUMMARY
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageCall
from tasks.views.params import MeasuredViewParams, View, ViewParams


class StagePlanner(StageFactory):
    """Describes the stages of one replicate of one condition, each with its files."""

    @property
    def extras(self) -> ExtraPlanner:
        """The stages of what has rows of its own and is no arm."""
        return ExtraPlanner(self.params, self.condition.replicate)

    def simulation(self) -> StageCall:
        """Simulate the scans of both splits."""
        outputs = {split.value: self.condition.scan(split.value) for split in Split}
        return self.call(
            ".".join(["simulate", *self.condition.labels]),
            "C",
            "tasks.simulate.stage:simulate",
            self.stage_params.simulation,
            ({}, outputs | {"truth": self.condition.truth}),
            f"data/phase_c/{self.condition.folder}/manifest.json",
        )

    def view(self, split: Split) -> StageCall:
        """Choose the exposures of a split."""
        folder = self.condition.view_folder(split.value)
        outputs = {
            "view": f"{folder}/view.json",
            "overlap": f"{folder}/overlap_metrics.json",
            "coverage": f"{folder}/coverage.npz",
            "plot": f"{folder}/coverage.png",
        }
        return self.call(
            self.name("view", split),
            "D",
            f"tasks.views.stage:{_view_function(self.stage_params.view)}",
            self.stage_params.view,
            ({"scan": self.source.scan(split.value)}, outputs),
            f"{folder}/manifest.json",
        )

    def _at(self, view: View) -> "StagePlanner":
        """Return the planner of the same dose and replicate at a view."""
        at_view = self.params.model_copy(update={"view": view})
        return StagePlanner(at_view, self.condition.replicate)

    @property
    def views_of_training(self) -> tuple[StageCall, ...]:
        """The choices of exposures that a network is trained on beside those of its own view."""
        others = {self.view_of_training(arm) for arm in NETWORK_ARMS} - {self.params.view}
        return tuple(self._at(view).view(Split.TRAIN) for view in sorted(others))

    def training(self, arm: Arm) -> StageCall:
        """Train a network."""
        if self.view_of_training(arm) is not self.params.view:
            return self._at(self.view_of_training(arm)).training(arm)
        return self.training_call(
            self.name(f"train-{arm.slug}"),
            self.stage_params.training[arm],
            self.lessons(arm),
            self.training_folder(arm),
        )

    def lessons(self, arm: Arm) -> dict[str, str]:
        """Return what a network learns from."""
        labels = {"truth": self.condition.truth} if arm is Arm.BASELINE else {}
        return self.exposures(Split.TRAIN) | labels

    @property
    def label_stages(self) -> tuple[StageCall, ...]:
        """What has to be done for the Baseline's labels: a simulation has its truth."""
        return ()

    def prediction(self, split: Split, arm: Arm) -> StageCall:
        """Reconstruct a split by a network."""
        return self.prediction_call(
            self.name(f"predict-{arm.slug}", split),
            arm,
            self.exposures(split) | model_files(self.training_folder(arm)),
            self.condition.reconstruction(split.value, arm.slug),
        )

    def iteration(self, split: Split) -> StageCall:
        """Reconstruct a split by pty-chi."""
        return self.iteration_call(
            self.name("iterate-ptychi", split),
            self.stage_params.ptychi,
            self.exposures(split),
            self.condition.reconstruction(split.value, Arm.PTYCHI.slug),
        )

    @property
    def yardstick(self) -> dict[str, str]:
        """What reconstructions are held against."""
        return {"truth": self.condition.truth}

    def comparison(self, split: Split) -> StageCall:
        """Compare all reconstructions of a split."""
        folder = self.condition.analysis_folder(split.value)
        extras = self.extras.of(split)
        found = {
            name.value: self.condition.reconstruction(split.value, name.slug)
            for name in (*Arm, *extras)
        }
        iterated = (Arm.PTYCHI, *(extra for extra in extras if extra in REFINED.values()))
        ways = {f"{name.value}.iterates": iterates_of(found[name.value]) for name in iterated}
        models = {
            f"{arm.value}.model": model_files(self.training_folder(arm))["model"]
            for arm in NETWORK_ARMS
        }
        inputs = self.exposures(split) | self.yardstick
        inputs |= found | ways | models | self._halves(split)
        outputs = {
            "metrics": f"{folder}/comparison_metrics.csv",
            "frc": f"{folder}/frc_curves.csv",
            "blocks": f"{folder}/block_metrics.csv",
            "convergence": f"{folder}/convergence.csv",
            "convergence_plot": f"{folder}/convergence.png",
            "plot": f"{folder}/comparison_plot.png",
            "aligned": f"{folder}/reconstructions_aligned.npz",
            "comparison": f"{folder}/comparison.json",
        }
        return self.call(
            self.name("compare", split),
            "G",
            "tasks.compare.stage:compare",
            self.stage_params.comparison,
            (inputs, outputs),
            f"{folder}/manifest.json",
        )

    def _halves(self, split: Split) -> dict[str, str]:
        """Return what the comparison reads of odd and even patterns, where that is asked for."""
        if not self.params.truth_free:
            return {}
        return {
            name: path
            for half in HALVES
            for name, path in (
                (f"view.{half}", self.extras.half_exposures(split, half)["view"]),
                *(
                    (f"{arm.value}.{half}", self.extras.half_reconstruction(split, arm, half))
                    for arm in Arm
                ),
            )
        }

    def summary(self, comparisons: Iterable[StageCall]) -> StageCall:
        """Put the comparisons together."""
        tables = [call.outputs["metrics"] for call in comparisons]
        outputs = {
            "summary": METRICS_SUMMARY,
            "text": "analysis/metrics_summary.md",
            "manifest": COMPARISON_MANIFEST,
        }
        return self.call(
            "summarise",
            "G",
            "tasks.report.stage:summarise",
            self.stage_params.report,
            ({table: table for table in tables}, outputs),
            "analysis/manifest.json",
        )


def _view_function(params: ViewParams) -> str:
    """Return the name of the stage function that chooses exposures, or takes all of them."""
    return "take_every_exposure" if isinstance(params, MeasuredViewParams) else "select_view"
