"""The stages of one condition: which function reads and writes which files."""

from collections.abc import Iterable

from pydantic import BaseModel

from flows.params import PhaseGParams
from flows.profiles import SIZES, StageParams, resolve
from tasks.core.arms import NETWORK_ARMS, Arm, Extra
from tasks.core.hub import COMPARISON_MANIFEST, METRICS_SUMMARY, Condition
from tasks.core.named_files import seen_from
from tasks.core.records import Phase, StageCall
from tasks.core.seeds import Split


class StagePlanner:
    """Describes the stages of one condition, each with its files.

    Attributes:
        params: What the run is asked for.
        stage_params: The resolved parameters of every stage.
        condition: Dose and view.
    """

    def __init__(self, params: PhaseGParams) -> None:
        """Resolve the parameters of every stage."""
        self.params = params
        self.stage_params: StageParams = resolve(params)
        self.condition = Condition(params.photons_per_pattern, params.view.value)
        self.timeout_s = SIZES[params.profile].timeout_s

    @property
    def adapts(self) -> bool:
        """Whether PtychoPINN is fine-tuned on the test scan."""
        return self.params.adapt_steps > 0 and Split.TEST in self.params.splits

    def _call(
        self,
        name: str,
        phase: Phase,
        function: str,
        params: BaseModel,
        inputs: dict[str, str],
        outputs: dict[str, str],
        manifest: str,
    ) -> StageCall:
        return StageCall(
            stage=name,
            phase=phase,
            function=function,
            # A stage stands in the hub, and names of files outside must hold there.
            params=seen_from(self.params.hub, params.model_dump(mode="json")),
            inputs=inputs,
            outputs=outputs,
            manifest=manifest,
            timeout_s=self.timeout_s,
        )

    def _name(self, name: str, split: Split | None = None) -> str:
        parts = [name, self.condition.dose, self.condition.view]
        return ".".join(parts if split is None else [*parts, split.value])

    def _exposures(self, split: Split) -> dict[str, str]:
        """What every reconstructor reads: the scan and the choice of its exposures."""
        return {
            "scan": self.condition.scan(split.value),
            "view": f"{self.condition.view_folder(split.value)}/view.json",
        }

    def simulation(self) -> StageCall:
        """Simulate the scans of both splits."""
        outputs = {split.value: self.condition.scan(split.value) for split in Split}
        return self._call(
            f"simulate.{self.condition.dose}",
            "C",
            "tasks.simulate.stage:simulate",
            self.stage_params.simulation,
            {},
            outputs | {"truth": self.condition.truth},
            f"data/phase_c/{self.condition.dose}/manifest.json",
        )

    def view(self, split: Split) -> StageCall:
        """Choose the exposures of a split."""
        folder = self.condition.view_folder(split.value)
        return self._call(
            self._name("view", split),
            "D",
            "tasks.views.stage:select_view",
            self.stage_params.view,
            {"scan": self.condition.scan(split.value)},
            {
                "view": f"{folder}/view.json",
                "overlap": f"{folder}/overlap_metrics.json",
                "coverage": f"{folder}/coverage.npz",
                "plot": f"{folder}/coverage.png",
            },
            f"{folder}/manifest.json",
        )

    def _model_files(self, arm: Arm) -> dict[str, str]:
        return _model_files(self._training_folder(arm))

    def _adapted_folder(self) -> str:
        return f"{self._training_folder(Arm.PTYCHOPINN)}/adapted"

    def _training_folder(self, arm: Arm) -> str:
        group_size = self.stage_params.training[arm].group_size
        return self.condition.training_folder(arm.slug, group_size)

    def training(self, arm: Arm) -> StageCall:
        """Train a network."""
        folder = self._training_folder(arm)
        labels = {"truth": self.condition.truth} if arm is Arm.BASELINE else {}
        return self._call(
            self._name(f"train-{arm.slug}"),
            "E",
            "tasks.train.stage:train",
            self.stage_params.training[arm],
            self._exposures(Split.TRAIN) | labels,
            self._model_files(arm) | _training_record(folder),
            f"{folder}/manifest.json",
        )

    def adaptation(self) -> StageCall:
        """Fine-tune the trained PtychoPINN on the diffraction of the test scan, without labels."""
        folder = self._adapted_folder()
        start = self._model_files(Arm.PTYCHOPINN)
        return self._call(
            self._name("adapt-ptychopinn", Split.TEST),
            "E",
            "tasks.train.stage:train",
            self.stage_params.adaptation,
            self._exposures(Split.TEST)
            | {"initial_weights": start["weights"], "initial_model": start["model"]},
            _model_files(folder) | _training_record(folder),
            f"{folder}/manifest.json",
        )

    def reconstruction(self, split: Split, arm: Arm) -> StageCall:
        """Reconstruct a split by an arm."""
        path = self.condition.reconstruction(split.value, arm.slug)
        stem = path.removesuffix(".h5")
        outputs = {"reconstruction": path}
        if arm is Arm.PTYCHI:
            return self._call(
                self._name("iterate-ptychi", split),
                "F",
                "tasks.reconstruct.iterate_stage:iterate",
                self.stage_params.ptychi,
                self._exposures(split),
                outputs | {"history": f"{stem}_history.csv", "options": f"{stem}_options.json"},
                f"{stem}.manifest.json",
            )
        return self._prediction(split, arm.slug, arm, self._model_files(arm))

    def adapted_reconstruction(self) -> StageCall:
        """Reconstruct the test split by the fine-tuned PtychoPINN."""
        files = _model_files(self._adapted_folder())
        return self._prediction(Split.TEST, Extra.ADAPTED.slug, Arm.PTYCHOPINN, files)

    def _prediction(
        self, split: Split, name: str, arm: Arm, model_files: dict[str, str]
    ) -> StageCall:
        path = self.condition.reconstruction(split.value, name)
        return self._call(
            self._name(f"predict-{name}", split),
            "F",
            "tasks.reconstruct.predict_stage:predict",
            self.stage_params.prediction[arm],
            self._exposures(split) | model_files,
            {"reconstruction": path},
            f"{path.removesuffix('.h5')}.manifest.json",
        )

    def control(self, split: Split) -> StageCall:
        """Reconstruct a split by the networks' physics, without a network."""
        same, longer = (
            self.condition.reconstruction(split.value, extra.slug)
            for extra in (Extra.PROJECTIONS, Extra.LONGER_PROJECTIONS)
        )
        return self._call(
            self._name("project", split),
            "F",
            "tasks.reconstruct.project_stage:project",
            self.stage_params.projection,
            self._exposures(split),
            {"same": same, "longer": longer},
            f"{same.removesuffix('.h5')}.manifest.json",
        )

    def comparison(self, split: Split) -> StageCall:
        """Compare all reconstructions of a split."""
        folder = self.condition.analysis_folder(split.value)
        names = [*Arm, Extra.PROJECTIONS, Extra.LONGER_PROJECTIONS]
        names += [Extra.ADAPTED] if self.adapts and split is Split.TEST else []
        found = {
            name.value: self.condition.reconstruction(split.value, name.slug) for name in names
        }
        models = {f"{arm.value}.model": self._model_files(arm)["model"] for arm in NETWORK_ARMS}
        return self._call(
            self._name("compare", split),
            "G",
            "tasks.compare.stage:compare",
            self.stage_params.comparison,
            self._exposures(split) | {"truth": self.condition.truth} | found | models,
            {
                "metrics": f"{folder}/comparison_metrics.csv",
                "plot": f"{folder}/comparison_plot.png",
                "aligned": f"{folder}/reconstructions_aligned.npz",
                "comparison": f"{folder}/comparison.json",
            },
            f"{folder}/manifest.json",
        )

    def summary(self, comparisons: Iterable[StageCall]) -> StageCall:
        """Put the comparisons together."""
        tables = [call.outputs["metrics"] for call in comparisons]
        return self._call(
            "summarise",
            "G",
            "tasks.report.stage:summarise",
            self.stage_params.report,
            {table: table for table in tables},
            {
                "summary": METRICS_SUMMARY,
                "text": "analysis/metrics_summary.md",
                "manifest": COMPARISON_MANIFEST,
            },
            "analysis/manifest.json",
        )


def _model_files(folder: str) -> dict[str, str]:
    return {"weights": f"{folder}/model.weights.h5", "model": f"{folder}/model.json"}


def _training_record(folder: str) -> dict[str, str]:
    return {
        "history": f"{folder}/history.csv",
        "learning_curve": f"{folder}/learning_curve.png",
    }
