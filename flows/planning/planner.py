"""The stages of one replicate of one condition: which function reads and writes which files."""

from collections.abc import Mapping

from pydantic import BaseModel

from flows.params.own_rows import OwnRows
from flows.params.profiles import StageParams, resolve, sizes_of
from flows.params.run import BaselineView, PhaseGParams
from flows.planning.taken_networks import FUNCTION, TAKEN, NetworkSource
from tasks.catalogue.reconstruction import LearnsFrom, Reconstruction, StageRole, Step
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.compare.placement.stage import ObjectFile, PlacingParams
from tasks.core import Complex128
from tasks.core.files.named_files import seen_from
from tasks.core.study.hub_layout import HALVES, Condition
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import Phase, StageCall
from tasks.reconstruct.command.params import CommandFile, CommandParams, SolverFile
from tasks.simulate.fly_scan import make_probe_modes
from tasks.views.params import MeasuredViewParams, View

Calls = tuple[StageCall, ...]
NO_ROWS = OwnRows()
PLACES = "tasks.compare.placement.stage:place_object"
RUNS = "tasks.reconstruct.command.stage:run_command"
# For a command to be ended, and for its scan to be written and its object read.
SOLVER_MARGIN_S = 600.0


class Planner:
    """Puts the calls together; a subclass knows where the scans come from.

    It is what `tasks.catalogue.reconstruction.Planner` promises to the catalogue. The scans that
    are read are those of `source`, another dose, view and replicate where replicates share them.
    """

    def __init__(self, params: PhaseGParams, replicate: int = 1, own: OwnRows = NO_ROWS) -> None:
        """Resolve the parameters of every stage; own rows are those beside the catalogue."""
        self.params, self.own = params, own
        own_arms = tuple(solver.name for _, solver in own.solvers)
        self.stage_params: StageParams = resolve(params, replicate, own_arms)
        self.condition = Condition(params.photons_per_pattern, params.view_name, replicate)
        self.source = self.condition
        self.timeout_s = sizes_of(params).timeout_s
        self._networks: NetworkSource | None = None

    @property
    def compared_with(self) -> dict[str, str]:
        """What reconstructions are compared with: the true object."""
        return {"truth": self.condition.truth}

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

    def call(
        self,
        name: str,
        phase: Phase,
        function: str,
        params: BaseModel,
        files: tuple[Mapping[str, str], Mapping[str, str]],
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
            inputs=dict(inputs),
            outputs=dict(outputs),
            manifest=manifest,
            timeout_s=self.timeout_s,
        )

    def name(self, name: str, split: Split | None = None) -> str:
        """Return the name of a stage of this condition, and of one split where it matters."""
        parts = [name, *self.condition.labels, self.condition.view]
        return ".".join(parts if split is None else [*parts, split.value])

    def exposures(self, split: Split, half: str = "") -> dict[str, str]:
        """Return what every reconstructor reads: the scan and the choice of its exposures."""
        view = f"{self.condition.view_folder(split.value)}/{_of_half('view', '_', half)}.json"
        return {"scan": self.source.scan(split.value), "view": view}

    def reconstruction(self, name: str, split: Split, half: str = "") -> str:
        """Return where a reconstruction lies."""
        return self.condition.reconstruction(split.value, _of_half(name.lower(), "_", half))

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
            self.name(_of_half(f"predict-{name.lower()}", "-", half), split),
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
            f"{_stem(reconstruction)}.manifest.json",
        )

    def iteration(self, name: str, split: Split, half: str = "") -> StageCall:
        """Reconstruct by pty-chi, from a flat object."""
        stage = self.name(_of_half(f"iterate-{name.lower()}", "-", half), split)
        path = self.reconstruction(name, split, half)
        return self._solver_call(stage, self.stage_params.ptychi, self.exposures(split, half), path)

    def classic_iteration(
        self, algorithm: str, name: str, split: Split, half: str = ""
    ) -> StageCall:
        """Reconstruct by a classic algorithm of pty-chi, from a flat object."""
        stage = self.name(_of_half(f"iterate-{name.lower()}", "-", half), split)
        return self._solver_call(
            stage,
            self.stage_params.classic[algorithm],
            self.exposures(split, half),
            self.reconstruction(name, split, half),
            "iterate_classic",
        )

    def refinement(self, name: str, of: str, split: Split, start: StageCall) -> StageCall:
        """Let pty-chi go on from the object of another reconstruction, `of`."""
        inputs = self.exposures(split) | {"initial": start.outputs["reconstruction"]}
        stage = self.name(f"refine-{of.lower()}", split)
        path = self.reconstruction(name, split)
        return self._solver_call(stage, self.stage_params.refinement, inputs, path)

    def _solver_call(
        self,
        stage: str,
        params: BaseModel,
        inputs: dict[str, str],
        path: str,
        function: str = "iterate",
    ) -> StageCall:
        outputs = {
            "reconstruction": path,
            "iterates": f"{_stem(path)}_iterates.h5",
            "history": f"{_stem(path)}_history.csv",
            "options": f"{_stem(path)}_options.json",
        }
        manifest = f"{_stem(path)}.manifest.json"
        function = f"tasks.reconstruct.ptychi_stage:{function}"
        return self.call(stage, "F", function, params, (inputs, outputs), manifest)

    def projection(self, names: tuple[str, str], split: Split) -> StageCall:
        """Reconstruct by the networks' physics, without a network."""
        same, longer = (self.reconstruction(name, split) for name in names)
        return self.call(
            self.name("project", split),
            "F",
            "tasks.reconstruct.no_network_stage:project",
            self.stage_params.projection,
            (self.exposures(split), {"same": same, "longer": longer}),
            f"{_stem(same)}.manifest.json",
        )

    def solution(self, name: str, split: Split, half: str = "") -> StageCall:
        """Reconstruct by a command of a person's own."""
        path, solver = next(found for found in self.own.solvers if found[1].name == name)
        params = CommandParams(
            name=name,
            solver=SolverFile(path=path),
            files=tuple(CommandFile(path=file) for file in solver.files(path.parent)),
            seed=self.stage_params.ptychi.seed,
        )
        stem = _stem(self.reconstruction(name, split, half))
        call = self.call(
            self.name(_of_half(f"run-{name.lower()}", "-", half), split),
            "F",
            RUNS,
            params,
            (self.exposures(split, half), {"solution": f"{stem}_solution.h5"}),
            f"{stem}_solution.manifest.json",
        )
        # The stage itself ends the command, and says so.
        return call.model_copy(update={"timeout_s": solver.time_limit_s + SOLVER_MARGIN_S})

    def placement(
        self, name: str, split: Split, solution: StageCall | None = None, half: str = ""
    ) -> StageCall:
        """Place the object of a file, or what a command has made."""
        path = self.reconstruction(name, split, half)
        inputs, file = self.exposures(split, half) | self.compared_with, None
        if solution is not None:
            inputs["solution"] = solution.outputs["solution"]
        else:
            objects = (one for one in self.own.objects if one.name == name and one.split is split)
            file = ObjectFile(path=next(objects).path)
        scored = self.stage_params.comparison.model_copy(update={"arms": None})
        return self.call(
            self.name(_of_half(f"place-{name.lower()}", "-", half), split),
            "F",
            PLACES,
            PlacingParams(row=name, object_file=file, comparison=scored),
            (inputs, {"reconstruction": path}),
            f"{_stem(path)}.manifest.json",
        )


def _of_half(name: str, joint: str, half: str) -> str:
    """Return the name of something that is made of one half of the exposures, or of all."""
    return f"{name}{joint}{half}" if half else name


def _stem(reconstruction: str) -> str:
    """Return the path of a reconstruction without its ending."""
    return reconstruction.removesuffix(".h5")
