"""The stages that reconstruct without a network: pty-chi, projections, commands, given files."""

from pydantic import BaseModel

from flows.planning.stage_calls import StageCalls, of_half, stem
from tasks.compare.placement.stage import PlacingParams
from tasks.core.files.named_files import KnownFile
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageCall
from tasks.reconstruct.command.params import CommandParams

PLACES = "tasks.compare.placement.stage:place_object"
RUNS = "tasks.reconstruct.command.stage:run_command"
# For a command to be ended, and for its scan to be written and its object read.
SOLVER_MARGIN_S = 600.0


class SolverPlanner(StageCalls):
    """Puts the calls of solvers together."""

    def iteration(
        self, name: str, split: Split, half: str = "", algorithm: str | None = None
    ) -> StageCall:
        """Reconstruct by pty-chi, from a flat object: with its settings, or a classic algorithm."""
        params: BaseModel = self.stage_params.ptychi
        function = "iterate"
        if algorithm is not None:
            params, function = self.stage_params.classic[algorithm], "iterate_classic"
        stage = self.name(of_half(f"iterate-{name.lower()}", "-", half), split)
        path = self.reconstruction(name, split, half)
        return self._solver_call(stage, params, self.exposures(split, half), path, function)

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
            "iterates": f"{stem(path)}_iterates.h5",
            "history": f"{stem(path)}_history.csv",
            "options": f"{stem(path)}_options.json",
        }
        manifest = f"{stem(path)}.manifest.json"
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
            f"{stem(same)}.manifest.json",
        )

    def solution(self, name: str, split: Split, half: str = "") -> StageCall:
        """Reconstruct by a command of a person's own."""
        path, solver = next(found for found in self.own.solvers if found[1].name == name)
        params = CommandParams(
            name=name,
            solver=KnownFile(path=path),
            files=tuple(KnownFile(path=file) for file in solver.files(path.parent)),
            seed=self.stage_params.ptychi.seed,
        )
        path_stem = stem(self.reconstruction(name, split, half))
        call = self.call(
            self.name(of_half(f"run-{name.lower()}", "-", half), split),
            "F",
            RUNS,
            params,
            (self.exposures(split, half), {"solution": f"{path_stem}_solution.h5"}),
            f"{path_stem}_solution.manifest.json",
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
            file = KnownFile(path=next(objects).path)
        scored = self.stage_params.comparison.model_copy(update={"arms": None})
        return self.call(
            self.name(of_half(f"place-{name.lower()}", "-", half), split),
            "F",
            PLACES,
            PlacingParams(row=name, object_file=file, comparison=scored),
            (inputs, {"reconstruction": path}),
            f"{stem(path)}.manifest.json",
        )
