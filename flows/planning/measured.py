"""The stages of a measured scan, where they differ from those of a simulated one."""

from pathlib import Path

from pydantic import BaseModel

from flows.params.measured import Labels, MeasuredParams, confined
from flows.params.run import PhaseGParams
from flows.planning.measured_dose import photons_per_pattern
from flows.planning.measured_stages import AfterTraining, BeforeTraining
from flows.planning.comparison import StagePlanner
from flows.planning.planner import model_files
from tasks.core.study.arms import NETWORK_ARMS, Arm
from tasks.core.study.seeds import Seeds, Split
from tasks.core.study.stage_record import StageCall
from tasks.ingest.stage import OUTPUTS as IMPORTED
from tasks.reconstruct.reference_params import ReferenceParams
from tasks.regions.stage import WHOLE
from tasks.simulate.label_stage import LabelParams


class SimulatedPlanner(StagePlanner):
    """The stages of a simulated scan."""

    def after_training(self) -> AfterTraining:
        """Return nothing: both scans are compared, and there is no whole."""
        return AfterTraining()

    def before_training(self) -> BeforeTraining:
        """Return what comes before networks can learn, besides the views."""
        return BeforeTraining(simulation=(self.simulation(),))


class MeasuredPlanner(StagePlanner):
    """The stages of a measured scan: no truth, a reference in its place."""

    @property
    def measured(self) -> MeasuredParams:
        """What is asked of the measured scan."""
        if self.params.measured is None:
            raise ValueError("There is no measured scan to plan for: give --scan FILE.")
        return self.params.measured

    @property
    def _folder(self) -> str:
        return f"data/phase_c/{self.source.folder}"

    @property
    def reference(self) -> str:
        """What pty-chi makes of all patterns; not called truth anywhere."""
        return f"{self._folder}/reference.h5"

    @property
    def yardstick(self) -> dict[str, str]:
        """What reconstructions are held against."""
        return {"reference": self.reference}

    def before_training(self) -> BeforeTraining:
        """Return the preparation, and what the Baseline learns from."""
        prepared = (self._ingest(), self._make_reference(), self._cut())
        if self.measured.labels is Labels.SIMULATION:
            return BeforeTraining(preparation=prepared, simulated_labels=self.label_stages)
        return BeforeTraining(preparation=prepared, labelling=self.label_stages)

    def after_training(self) -> AfterTraining:
        """Return the pictures of the whole scan."""
        return AfterTraining(
            views=(self.whole_view(),),
            predictions=tuple(self.whole_prediction(arm) for arm in NETWORK_ARMS),
            overview=(self.overview(),),
        )

    @property
    def label_stages(self) -> tuple[StageCall, ...]:
        """What makes the Baseline's labels: pty-chi's run, or a simulation."""
        if self.measured.labels is Labels.SIMULATION:
            return (self._label(),)
        return (self.iteration(Split.TRAIN),)

    def lessons(self, arm: Arm) -> dict[str, str]:
        """Return what a network learns from: diffraction, and the Baseline from labels too."""
        exposures = self.exposures(Split.TRAIN)
        if arm is not Arm.BASELINE:
            return exposures
        (made,) = self.label_stages
        if self.measured.labels is Labels.SIMULATION:
            return made.outputs
        return exposures | {"labels": made.outputs["reconstruction"]}

    def _label(self) -> StageCall:
        """Expose a simulated sample as the training region was exposed."""
        folder = f"data/phase_e/{self.condition.folder}/{self.condition.view}/labels"
        params = LabelParams(
            sample=self.params.sample, seed=self.stage_params.simulation.object_seed
        )
        outputs = {
            "scan": f"{folder}/scan.cxi",
            "view": f"{folder}/view.json",
            "truth": f"{folder}/truth.h5",
        }
        return self.call(
            self.name("simulate-labels"),
            "E",
            "tasks.simulate.label_stage:simulate_labels",
            params,
            (self.exposures(Split.TRAIN), outputs),
            f"{folder}/manifest.json",
        )

    def whole_exposures(self) -> dict[str, str]:
        """Return what a reconstructor of the whole scan reads."""
        folder = self.condition.view_folder(WHOLE)
        return {"scan": self.source.scan(WHOLE), "view": f"{folder}/view.json"}

    def whole_view(self) -> StageCall:
        """Choose the exposures of the whole scan."""
        call, folder = self.view(Split.TEST), self.condition.view_folder(WHOLE)
        outputs = {name: f"{folder}/{Path(path).name}" for name, path in call.outputs.items()}
        return call.model_copy(
            update={
                "stage": self._whole_name("view"),
                "inputs": {"scan": self.source.scan(WHOLE)},
                "outputs": outputs,
                "manifest": f"{folder}/manifest.json",
            }
        )

    def whole_prediction(self, arm: Arm) -> StageCall:
        """Reconstruct the whole scan by a network, its training region and all."""
        return self.prediction_call(
            self._whole_name(f"predict-{arm.slug}"),
            arm,
            self.whole_exposures() | model_files(self.training_folder(arm)),
            self.condition.reconstruction(WHOLE, arm.slug),
        )

    def overview(self) -> StageCall:
        """Draw the whole scan by reference and networks; nothing is scored."""
        folder = self.condition.analysis_folder(WHOLE)
        found = {arm.value: self.condition.reconstruction(WHOLE, arm.slug) for arm in NETWORK_ARMS}
        return self.call(
            self._whole_name("overview"),
            "G",
            "tasks.compare.overview:draw_overview",
            self.stage_params.comparison,
            (
                self.whole_exposures() | self.yardstick | found,
                {"plot": f"{folder}/overview.png", "record": f"{folder}/overview.json"},
            ),
            f"{folder}/manifest.json",
        )

    def _whole_name(self, name: str) -> str:
        return f"{self.name(name)}.{WHOLE}"

    def comparison(self, split: Split) -> StageCall:
        """Compare all reconstructions of a split; no curve to a truth that nobody knows."""
        call = super().comparison(split)
        kept = {name: path for name, path in call.inputs.items() if not name.endswith(".iterates")}
        outputs = {
            name: path for name, path in call.outputs.items() if not name.startswith("convergence")
        }
        return call.model_copy(update={"inputs": kept, "outputs": outputs})

    def _preparation_call(
        self,
        name: str,
        function: str,
        params: BaseModel,
        files: tuple[dict[str, str], dict[str, str]],
    ) -> StageCall:
        return self.call(
            ".".join([name, *self.source.labels]),
            "C",
            function,
            params,
            files,
            f"{self._folder}/{name}.manifest.json",
        )

    def _ingest(self) -> StageCall:
        """Import, check and prepare the file."""
        outputs = {name: f"{self._folder}/import/{file}" for name, file in IMPORTED.items()}
        return self._preparation_call(
            "import", "tasks.ingest.stage:ingest", self.measured.ingest, ({}, outputs)
        )

    def _make_reference(self) -> StageCall:
        """Refine the probe on the whole scan, and reconstruct the reference."""
        seed = Seeds.from_study_seed(self.params.seed).grouping
        params = ReferenceParams(
            **self.measured.reference.model_dump(), seed=seed, device=self.params.device
        )
        outputs = {
            "reference": self.reference,
            "illumination": f"{self._folder}/illumination.h5",
            "history": f"{self._folder}/reference_history.csv",
            "options": f"{self._folder}/reference_options.json",
        }
        return self._preparation_call(
            "reference",
            "tasks.reconstruct.reference_stage:make_reference",
            params,
            ({"scan": self._ingest().outputs["scan"]}, outputs),
        )

    def _cut(self) -> StageCall:
        """Cut the scan in its two regions."""
        inputs = {
            "scan": self._ingest().outputs["scan"],
            "illumination": self._make_reference().outputs["illumination"],
        }
        parts = (*(split.value for split in Split), WHOLE)
        return self._preparation_call(
            "regions",
            "tasks.regions.stage:cut_scan",
            self.measured.regions,
            (inputs, {part: self.source.scan(part) for part in parts}),
        )


Planner = SimulatedPlanner | MeasuredPlanner


def planner_of(params: PhaseGParams, replicate: int) -> Planner:
    """Return the planner of one replicate of a condition."""
    kind = SimulatedPlanner if params.measured is None else MeasuredPlanner
    return kind(params, replicate)


def with_measured_dose(params: PhaseGParams) -> PhaseGParams:
    """Return the parameters with what follows from a measured scan; others as they are.

    The dose is what was measured, and nothing but patterns tells how good an arm is.

    Raises:
        BadInputError: If the file leads out of the data root.
        ValueError: If it cannot be read as a scan.
    """
    if params.measured is None:
        return params
    measured = confined(params.measured)
    found = {
        "measured": measured,
        "photons_per_pattern": photons_per_pattern(measured.ingest),
        "truth_free": True,
    }
    return params.model_copy(update=found)
