"""The stages of one replicate of one condition: which function reads and writes which files."""

from pydantic import BaseModel

from flows.params.own_rows import OwnRows
from flows.params.run import BaselineView, PhaseGParams
from flows.planning.solver_planner import SolverPlanner
from flows.planning.stage_calls import NO_ROWS, of_half, stem
from flows.planning.taken_networks import FUNCTION, TAKEN, NetworkSource
from tasks.catalogue.reconstruction import LearnsFrom, Reconstruction, StageRole, Step
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core import Complex128
from tasks.core.study.hub_layout import HALVES
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageCall
from tasks.simulate.fly_scan import make_probe_modes
from tasks.views.params import MeasuredViewParams, View

Calls = tuple[StageCall, ...]


class Planner(SolverPlanner):
    """Puts the calls together; a subclass knows where the scans come from.

    It is what `tasks.catalogue.reconstruction.Planner` promises to the catalogue.
    """

    def __init__(self, params: PhaseGParams, replicate: int = 1, own: OwnRows = NO_ROWS) -> None:
        """Resolve the parameters of every stage; own rows are those beside the catalogue."""
        super().__init__(params, replicate, own)
        self._networks: NetworkSource | None = None

    def preparation(self) -> Calls:
        """Return the stages that come before the views: the simulation of both splits."""
        scans = {split.value: self.condition.scan(split.value) for split in Split}
        simulation = self.call(
            ".".join(["simulate", *self.condition.labels]),
            "C",
            "tasks.simulate.stage:simulate",
            self.stage_params.simulation,
            ({}, scans | {"truth": self.condition.truth}),
            f"data/phase_c/{self.condition.folder}/manifest.json",
        )
        return (simulation,)

    def pictures(self) -> Calls:
        """Return the stages that only draw: none."""
        return ()

    def labels(self, network: Reconstruction) -> tuple[tuple[Step, ...], dict[str, str]]:
        """Return what has to be done for a network's labels, and what its training then reads."""
        del network
        return (), self.exposures(Split.TRAIN) | self.compared_with

    @property
    def networks(self) -> tuple[Reconstruction, ...]:
        """The arms of the run that train a network."""
        return tuple(arm for arm in RECONSTRUCTIONS.networks if arm.name in self.params.arms)

    def wanted(self, split: Split) -> list[Reconstruction]:
        """Return the reconstructions of a split that the run wants, in the order of tables."""
        return [
            entry
            for entry in RECONSTRUCTIONS.with_stages
            if entry.belongs_to(self.params.arms) and entry.is_wanted(self.params, split)
        ]

    def view(self, split: Split) -> StageCall:
        """Choose the exposures of a split."""
        folder = self.condition.view_folder(split.value)
        outputs = {
            "view": f"{folder}/view.json",
            "overlap": f"{folder}/overlap_metrics.json",
            "coverage": f"{folder}/coverage.npz",
            "plot": f"{folder}/coverage.png",
        }
        takes_all = isinstance(self.stage_params.view, MeasuredViewParams)
        return self.call(
            self.name("view", split),
            "D",
            f"tasks.views.stage:{'take_every_exposure' if takes_all else 'select_view'}",
            self.stage_params.view,
            ({"scan": self.source.scan(split.value)}, outputs),
            f"{folder}/manifest.json",
        )

    def halves(self, split: Split) -> StageCall:
        """Take every other exposure of a view, twice."""
        return self.call(
            self.name("halve", split),
            "D",
            "tasks.views.half_sets:halve_view",
            self.stage_params.halves,
            (self.exposures(split), {half: self.exposures(split, half)["view"] for half in HALVES}),
            f"{self.condition.view_folder(split.value)}/halves.manifest.json",
        )

    def training(self, network: Reconstruction) -> tuple[Step, ...]:
        """Return what trains a network: its view, its labels, and the training."""
        learns_labels = network.learns_from is LearnsFrom.LABELS
        is_dense = learns_labels and self.params.baseline_view is BaselineView.DENSE
        view = View.DENSE if is_dense else self.params.view
        if view is not self.params.view:
            at_view = self.params.model_copy(update={"view": view})
            return type(self)(at_view, self.condition.replicate).training(network)
        if self.params.networks_from is not None:
            return (Step(StageRole.TAKE, self._taking(network)),)
        steps: tuple[Step, ...] = ()
        inputs = self.exposures(Split.TRAIN)
        if learns_labels:
            steps, inputs = self.labels(network)
        params = self.stage_params.training[network.name]
        folder = self.condition.training_folder(network.slug, params.group_size)
        trained = self._training_call(self.name(f"train-{network.slug}"), params, inputs, folder)
        prepared = Step(StageRole.PREPARE, self.view(Split.TRAIN))
        return prepared, *steps, Step(StageRole.TRAIN, trained)

    def _taking(self, network: Reconstruction) -> StageCall:
        """Take the trained network of another hub in place of a training."""
        if self._networks is None:
            self._networks = NetworkSource(self.params)
        params = self._networks.take(network, self.condition, self._known_probe())
        group_size = int(params.source.rpartition("/gs")[2])
        folder = self.condition.training_folder(network.slug, group_size)
        outputs = {
            "weights": f"{folder}/model.weights.h5",
            "model": f"{folder}/model.json",
            "source": f"{folder}/source.json",
        }
        inputs = {"scan": self.source.scan(Split.TRAIN.value)}
        name, manifest = self.name(f"{TAKEN}{network.slug}"), f"{folder}/manifest.json"
        return self.call(name, "E", FUNCTION, params, (inputs, outputs), manifest)

    def _known_probe(self) -> Complex128 | None:
        """Return the probe of the run, (M, N, N), where it is known before the run."""
        return make_probe_modes(self.stage_params.simulation)

    def adaptation(self, trained: StageCall, split: Split) -> StageCall:
        """Fine-tune a trained network on the diffraction of a split, without labels."""
        initial = {
            "initial_weights": trained.outputs["weights"],
            "initial_model": trained.outputs["model"],
        }
        arm, inputs = trained.params["arm"], self.exposures(split) | initial
        folder = f"{trained.outputs['model'].rpartition('/')[0]}/adapted"
        params = self.stage_params.adaptation.model_copy(update={"arm": arm})
        return self._training_call(self.name(f"adapt-{arm.lower()}", split), params, inputs, folder)

    def _training_call(
        self, name: str, params: BaseModel, inputs: dict[str, str], folder: str
    ) -> StageCall:
        outputs = {
            "weights": f"{folder}/model.weights.h5",
            "model": f"{folder}/model.json",
            "history": f"{folder}/history.csv",
            "learning_curve": f"{folder}/learning_curve.png",
        }
        function = "tasks.train.stage:train"
        return self.call(name, "E", function, params, (inputs, outputs), f"{folder}/manifest.json")

    def prediction(self, name: str, split: Split, trained: StageCall, half: str = "") -> StageCall:
        """Reconstruct by a trained network."""
        return self.prediction_call(
            self.name(of_half(f"predict-{name.lower()}", "-", half), split),
            self.exposures(split, half),
            trained,
            self.reconstruction(name, split, half),
        )

    def prediction_call(
        self, stage: str, exposures: dict[str, str], trained: StageCall, reconstruction: str
    ) -> StageCall:
        """Return the call that reconstructs some exposures by a trained network."""
        model = {name: trained.outputs[name] for name in ("weights", "model")}
        return self.call(
            stage,
            "F",
            "tasks.reconstruct.network_stage:predict",
            self.stage_params.prediction[trained.params["arm"]],
            (exposures | model, {"reconstruction": reconstruction}),
            f"{stem(reconstruction)}.manifest.json",
        )
