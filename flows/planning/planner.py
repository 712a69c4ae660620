"""What all stages of one condition share: names, folders, and how a call is put together."""

from dataclasses import replace

from pydantic import BaseModel

from flows.params.profiles import SIZES, StageParams, resolve
from flows.params.run import BaselineView, PhaseGParams
from tasks.core.files.named_files import seen_from
from tasks.core.study.arms import Arm
from tasks.core.study.hub_layout import Condition
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import Phase, StageCall
from tasks.views.params import View


class StageFactory:
    """Puts the calls of one replicate of one condition together.

    Attributes:
        params: What the run is asked for.
        stage_params: The resolved parameters of every stage.
        condition: Dose, view and replicate.
        source: Dose, view and replicate whose scans are read.
        timeout_s: Time limit of a stage [s].
    """

    def __init__(self, params: PhaseGParams, replicate: int = 1) -> None:
        """Resolve the parameters of every stage."""
        self.params = params
        self.stage_params: StageParams = resolve(params, replicate)
        self.condition = Condition(params.photons_per_pattern, params.view_name, replicate)
        # A measured scan is measured once: its replicates share what comes before the views.
        self.source = (
            self.condition if params.measured is None else replace(self.condition, replicate=1)
        )
        self.timeout_s = SIZES[params.profile].timeout_s

    def call(
        self,
        name: str,
        phase: Phase,
        function: str,
        params: BaseModel,
        files: tuple[dict[str, str], dict[str, str]],
        manifest: str,
    ) -> StageCall:
        """Return a call; `files` are its inputs and its outputs."""
        inputs, outputs = files
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

    def name(self, name: str, split: Split | None = None) -> str:
        """Return the name of a stage of this condition, and of one split where it matters."""
        parts = [name, *self.condition.labels, self.condition.view]
        return ".".join(parts if split is None else [*parts, split.value])

    def exposures(self, split: Split) -> dict[str, str]:
        """Return what every reconstructor reads: the scan and the choice of its exposures."""
        return {
            "scan": self.source.scan(split.value),
            "view": f"{self.condition.view_folder(split.value)}/view.json",
        }

    def view_of_training(self, arm: Arm) -> View:
        """Return the view that a network is trained on."""
        is_dense = arm is Arm.BASELINE and self.params.baseline_view is BaselineView.DENSE
        return View.DENSE if is_dense else self.params.view

    def training_folder(self, arm: Arm) -> str:
        """Return where a trained network lies."""
        group_size = self.stage_params.training[arm].group_size
        view = self.view_of_training(arm)
        place = (
            self.condition if view is self.params.view else replace(self.condition, view=view.value)
        )
        return place.training_folder(arm.slug, group_size)

    def training_call(
        self,
        name: str,
        params: BaseModel,
        inputs: dict[str, str],
        folder: str,
    ) -> StageCall:
        """Return the call that trains a network into a folder."""
        record = {
            "history": f"{folder}/history.csv",
            "learning_curve": f"{folder}/learning_curve.png",
        }
        return self.call(
            name,
            "E",
            "tasks.train.stage:train",
            params,
            (inputs, model_files(folder) | record),
            f"{folder}/manifest.json",
        )

    def prediction_call(
        self, name: str, arm: Arm, inputs: dict[str, str], reconstruction: str
    ) -> StageCall:
        """Return the call that reconstructs with a trained network."""
        return self.call(
            name,
            "F",
            "tasks.reconstruct.network_stage:predict",
            self.stage_params.prediction[arm],
            (inputs, {"reconstruction": reconstruction}),
            f"{stem(reconstruction)}.manifest.json",
        )

    def iteration_call(
        self, name: str, params: BaseModel, inputs: dict[str, str], reconstruction: str
    ) -> StageCall:
        """Return the call that reconstructs with pty-chi."""
        start = stem(reconstruction)
        outputs = {
            "reconstruction": reconstruction,
            "iterates": iterates_of(reconstruction),
            "history": f"{start}_history.csv",
            "options": f"{start}_options.json",
        }
        return self.call(
            name,
            "F",
            "tasks.reconstruct.ptychi_stage:iterate",
            params,
            (inputs, outputs),
            f"{start}.manifest.json",
        )


def stem(reconstruction: str) -> str:
    """Return the path of a reconstruction without its ending."""
    return reconstruction.removesuffix(".h5")


def iterates_of(reconstruction: str) -> str:
    """Return where pty-chi keeps the objects on its way to a reconstruction."""
    return f"{stem(reconstruction)}_iterates.h5"


def model_files(folder: str) -> dict[str, str]:
    """Return the files of a network by name."""
    return {"weights": f"{folder}/model.weights.h5", "model": f"{folder}/model.json"}
