"""The plan of a run: every stage, with the files that it reads and writes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from flows.params import PhaseGParams
from flows.profiles import SIZES, StageParams, resolve
from tasks.core.arms import NETWORK_ARMS, Arm
from tasks.core.hub import COMPARISON_MANIFEST, METRICS_SUMMARY, Condition
from tasks.core.named_files import seen_from, without_folders
from tasks.core.records import Phase, StageCall
from tasks.core.seeds import Split
from tasks.runtime.errors import BadInputError
from tasks.simulate.fly_scan import check_scans


@dataclass(frozen=True)
class Plan:
    """The stages of a run, in the order of the data's way.

    Attributes:
        params: What the run was asked for.
        simulation: Phase C.
        views: Phase D, one a split.
        training: Phase E, one a network.
        reconstructions: Phase F, one a split and arm.
        comparisons: Phase G, one a split.
        summary: Phase G, over all comparisons.
    """

    params: PhaseGParams
    simulation: StageCall
    views: dict[Split, StageCall]
    training: dict[Arm, StageCall]
    reconstructions: dict[tuple[Split, Arm], StageCall]
    comparisons: dict[Split, StageCall]
    summary: StageCall

    @property
    def science(self) -> dict[str, Any]:
        """The parameters that the outputs depend on, as JSON, with the probe of the profile."""
        probe = without_folders({"probe": self.simulation.params["probe"]})
        return self.params.science | probe

    def __iter__(self) -> Iterator[StageCall]:
        """Yield every stage, each after those whose files it reads."""
        yield self.simulation
        yield from self.views.values()
        yield from self.training.values()
        yield from self.reconstructions.values()
        yield from self.comparisons.values()
        yield self.summary


def make_plan(params: PhaseGParams) -> Plan:
    """Return the plan of a run; writes no file.

    Args:
        params: What the run is asked for.

    Raises:
        BadInputError: If its scans cannot be simulated.
        pydantic.ValidationError: If a value does not fit its stage.
    """
    planner = _Planner(params)
    try:
        check_scans(planner.stage_params.simulation)
    except ValueError as error:
        raise BadInputError(str(error)) from error
    return planner.plan()


class _Planner:
    """Puts the stages of one condition together."""

    def __init__(self, params: PhaseGParams) -> None:
        self.params = params
        self.stage_params: StageParams = resolve(params)
        self.condition = Condition(params.photons_per_pattern, params.view.value)
        self.timeout_s = SIZES[params.profile].timeout_s

    def plan(self) -> Plan:
        splits = self.params.splits
        comparisons = {split: self.comparison(split) for split in splits}
        return Plan(
            params=self.params,
            simulation=self.simulation(),
            views={
                split: self.view(split)
                for split in sorted({Split.TRAIN, *splits}, key=list(Split).index)
            },
            training={arm: self.training(arm) for arm in NETWORK_ARMS},
            # The longest first, so that it does not end alone.
            reconstructions={
                (split, arm): self.reconstruction(split, arm)
                for arm in (Arm.PTYCHI, *NETWORK_ARMS)
                for split in splits
            },
            comparisons=comparisons,
            summary=self.summary(comparisons.values()),
        )

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
        folder = self._training_folder(arm)
        return {"weights": f"{folder}/model.weights.h5", "model": f"{folder}/model.json"}

    def _training_folder(self, arm: Arm) -> str:
        group_size = self.stage_params.training[arm].group_size
        return self.condition.training_folder(arm.slug, group_size)

    def training(self, arm: Arm) -> StageCall:
        folder = self._training_folder(arm)
        labels = {"truth": self.condition.truth} if arm is Arm.BASELINE else {}
        return self._call(
            self._name(f"train-{arm.slug}"),
            "E",
            "tasks.train.stage:train",
            self.stage_params.training[arm],
            self._exposures(Split.TRAIN) | labels,
            self._model_files(arm)
            | {
                "history": f"{folder}/history.csv",
                "learning_curve": f"{folder}/learning_curve.png",
            },
            f"{folder}/manifest.json",
        )

    def reconstruction(self, split: Split, arm: Arm) -> StageCall:
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
        return self._call(
            self._name(f"predict-{arm.slug}", split),
            "F",
            "tasks.reconstruct.predict_stage:predict",
            self.stage_params.prediction[arm],
            self._exposures(split) | self._model_files(arm),
            outputs,
            f"{stem}.manifest.json",
        )

    def comparison(self, split: Split) -> StageCall:
        folder = self.condition.analysis_folder(split.value)
        arms = {arm.value: self.condition.reconstruction(split.value, arm.slug) for arm in Arm}
        return self._call(
            self._name("compare", split),
            "G",
            "tasks.compare.stage:compare",
            self.stage_params.comparison,
            self._exposures(split) | {"truth": self.condition.truth} | arms,
            {
                "metrics": f"{folder}/comparison_metrics.csv",
                "plot": f"{folder}/comparison_plot.png",
                "aligned": f"{folder}/reconstructions_aligned.npz",
                "comparison": f"{folder}/comparison.json",
            },
            f"{folder}/manifest.json",
        )

    def summary(self, comparisons: Iterable[StageCall]) -> StageCall:
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
