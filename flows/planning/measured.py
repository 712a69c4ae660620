"""The stages of a measured scan, where they differ from those of a simulated one."""

from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel

from flows.params.measured import Labels, MeasuredParams, confined
from flows.params.own_rows import OwnRows
from flows.params.profiles import reference_of
from flows.params.run import PhaseGParams
from flows.planning.measured_cut import foreseen_cut, refuse_no_view
from flows.planning.measured_dose import check_files_beside, photons_per_pattern
from flows.planning.planner import Calls, Planner
from flows.planning.stage_calls import NO_ROWS
from tasks.catalogue.reconstruction import Reconstruction, StageRole, Step, TrainedNetwork
from tasks.core import Complex128
from tasks.core.objects import check_object
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageCall
from tasks.ingest.params import OUTPUTS as IMPORTED
from tasks.ingest.params import RUN_PREFIX, as_typed
from tasks.ingest.resolved_scan import open_scan
from tasks.regions.stage import WHOLE
from tasks.runtime.errors import BadInputError
from tasks.simulate.label_stage import LabelParams

Files = dict[str, str]


class MeasuredPlanner(Planner):
    """The stages of a measured scan: no truth, a reference in its place."""

    def __init__(self, params: PhaseGParams, replicate: int = 1, own: OwnRows = NO_ROWS) -> None:
        """Resolve the parameters; replicates share the scan, which is measured once."""
        super().__init__(params, replicate, own)
        self.source = replace(self.condition, replicate=1)

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
    def compared_with(self) -> dict[str, str]:
        """What reconstructions are compared with: pty-chi's object of all patterns."""
        return {"reference": self.reference}

    def preparation(self) -> Calls:
        """Return import, reference and regions."""
        return self._ingest(), self._make_reference(), self._cut()

    def _known_probe(self) -> Complex128 | None:
        """Return none: the probe of a measured scan is refined in the run."""
        return None

    def pictures(self) -> Calls:
        """Return the stages that show the whole scan."""
        trained = {arm: self.training(arm)[-1].call for arm in self.networks}
        predictions = [self._whole_prediction(arm, call) for arm, call in trained.items()]
        return self._whole_view(), *predictions, self._overview()

    def labels(self, network: Reconstruction) -> tuple[tuple[Step, ...], dict[str, str]]:
        """Return what makes a network's labels: a simulation, or the solver that it names."""
        if self.measured.labels is Labels.SIMULATION:
            made = self._label()
            return (Step(StageRole.LABEL, made),), made.outputs
        labeller = network.labeller if isinstance(network, TrainedNetwork) else None
        if labeller is None:
            raise ValueError(
                f"{network.name} learns from labels, and nobody makes them on a measured scan. "
                f"Give it a `labeller`, or take --labels simulation."
            )
        made = labeller.stages(self, Split.TRAIN)[-1].call
        inputs = self.exposures(Split.TRAIN) | {"labels": made.outputs["reconstruction"]}
        return (Step(StageRole.LABEL, made),), inputs

    def _label(self) -> StageCall:
        """Expose a simulated sample as the training region was exposed."""
        folder = f"data/phase_e/{self.condition.folder}/{self.condition.view}/labels"
        seed = self.stage_params.simulation.object_seed
        files = {"scan": "scan.cxi", "view": "view.json", "truth": "truth.h5"}
        outputs = {name: f"{folder}/{file}" for name, file in files.items()}
        return self.call(
            self.name("simulate-labels"),
            "E",
            "tasks.simulate.label_stage:simulate_labels",
            LabelParams(sample=self.params.sample, seed=seed),
            (self.exposures(Split.TRAIN), outputs),
            f"{folder}/manifest.json",
        )

    def _whole_exposures(self) -> dict[str, str]:
        """Return what a reconstructor of the whole scan reads."""
        folder = self.condition.view_folder(WHOLE)
        return {"scan": self.source.scan(WHOLE), "view": f"{folder}/view.json"}

    def _whole_view(self) -> StageCall:
        """Choose the exposures of the whole scan."""
        call, folder = self.view(Split.TEST), self.condition.view_folder(WHOLE)
        changes = {
            "stage": self._whole_name("view"),
            "inputs": {"scan": self.source.scan(WHOLE)},
            "outputs": {name: f"{folder}/{Path(p).name}" for name, p in call.outputs.items()},
            "manifest": f"{folder}/manifest.json",
        }
        return call.model_copy(update=changes)

    def _whole_prediction(self, arm: Reconstruction, trained: StageCall) -> StageCall:
        """Reconstruct the whole scan by a network, its training region and all."""
        return self.prediction_call(
            self._whole_name(f"predict-{arm.slug}"),
            self._whole_exposures(),
            trained,
            self.condition.reconstruction(WHOLE, arm.slug),
        )

    def _overview(self) -> StageCall:
        """Draw the whole scan by reference and networks; nothing is scored."""
        folder = self.condition.analysis_folder(WHOLE)
        inputs = self._whole_exposures() | self.compared_with
        for arm in self.networks:
            inputs[arm.name] = self.condition.reconstruction(WHOLE, arm.slug)
        outputs = {"plot": f"{folder}/overview.png", "record": f"{folder}/overview.json"}
        return self.call(
            self._whole_name("overview"),
            "G",
            "tasks.compare.overview:draw_overview",
            self.stage_params.comparison,
            (inputs, outputs),
            f"{folder}/manifest.json",
        )

    def _whole_name(self, name: str) -> str:
        return f"{self.name(name)}.{WHOLE}"

    def _preparation_call(
        self, name: str, function: str, params: BaseModel, files: tuple[Files, Files]
    ) -> StageCall:
        stage = ".".join([name, *self.source.labels])
        return self.call(
            stage, "C", function, params, files, f"{self._folder}/{name}.manifest.json"
        )

    def _ingest(self) -> StageCall:
        """Import, check and prepare the file."""
        outputs = {name: f"{self._folder}/import/{file}" for name, file in IMPORTED.items()}
        return self._preparation_call(
            "import", "tasks.ingest.stage:ingest", self.measured.ingest, ({}, outputs)
        )

    def _make_reference(self) -> StageCall:
        """Refine the probe on the whole scan, and reconstruct the reference."""
        params = reference_of(self.params, self.measured.reference)
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


def with_measured_dose(params: PhaseGParams) -> PhaseGParams:
    """Return the parameters with what follows from a measured scan; others as they are.

    The dose is what was measured, and nothing but patterns tells how good an arm is.

    Raises:
        BadInputError: If a file leads out of the data root, or is not what it is named for.
    """
    if params.measured is None:
        return params
    measured = confined(params.measured)
    try:
        scan = open_scan(measured.file, measured.ingest)
        check_files_beside(measured.ingest)
        photons = photons_per_pattern(scan, measured.ingest)
        cut = foreseen_cut(scan, measured.ingest, measured.regions)
        if measured.thin:
            refuse_no_view(cut, params.view)
        if measured.labels is Labels.SIMULATION:
            check_object(params.sample)
    except ValueError as error:
        raise BadInputError(as_typed(str(error), RUN_PREFIX)) from error
    found = {"measured": measured, "photons_per_pattern": photons, "truth_free": True}
    return params.model_copy(update=found)
