"""The stages of reconstructions that are no arm: adapted, refined, without a network, halves."""

from flows.planning.planner import StageFactory, model_files, stem
from tasks.core.study.arms import Arm, Extra
from tasks.core.study.half_sets import HALVES
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageCall

REFINED = {Arm.PTYCHOPINN: Extra.REFINED, Arm.BASELINE: Extra.REFINED_BASELINE}


class ExtraPlanner(StageFactory):
    """Describes the stages of one replicate that a run may go without."""

    @property
    def adapts(self) -> bool:
        """Whether PtychoPINN is fine-tuned on the test scan."""
        return self.params.adapt_steps > 0 and Split.TEST in self.params.splits

    def of(self, split: Split) -> list[Extra]:
        """Return what is compared beside the arms."""
        found = [Extra.ADAPTED] if self.adapts and split is Split.TEST else []
        found += [*REFINED.values()] if self.params.refine else []
        return [*found, Extra.PROJECTIONS, Extra.LONGER_PROJECTIONS]

    def _adapted_folder(self) -> str:
        return f"{self.training_folder(Arm.PTYCHOPINN)}/adapted"

    def adaptation(self) -> StageCall:
        """Fine-tune the trained PtychoPINN on the diffraction of the test scan, without labels."""
        start = model_files(self.training_folder(Arm.PTYCHOPINN))
        return self.training_call(
            self.name("adapt-ptychopinn", Split.TEST),
            self.stage_params.adaptation,
            self.exposures(Split.TEST)
            | {"initial_weights": start["weights"], "initial_model": start["model"]},
            self._adapted_folder(),
        )

    def adapted_prediction(self) -> StageCall:
        """Reconstruct the test split by the fine-tuned PtychoPINN."""
        return self.prediction_call(
            self.name(f"predict-{Extra.ADAPTED.slug}", Split.TEST),
            Arm.PTYCHOPINN,
            self.exposures(Split.TEST) | model_files(self._adapted_folder()),
            self.condition.reconstruction(Split.TEST.value, Extra.ADAPTED.slug),
        )

    def refinement(self, split: Split, arm: Arm) -> StageCall:
        """Let pty-chi go on from what a network has found."""
        start = self.condition.reconstruction(split.value, arm.slug)
        return self.iteration_call(
            self.name(f"refine-{arm.slug}", split),
            self.stage_params.refinement,
            self.exposures(split) | {"initial": start},
            self.condition.reconstruction(split.value, REFINED[arm].slug),
        )

    def control(self, split: Split) -> StageCall:
        """Reconstruct a split by the networks' physics, without a network."""
        same, longer = (
            self.condition.reconstruction(split.value, extra.slug)
            for extra in (Extra.PROJECTIONS, Extra.LONGER_PROJECTIONS)
        )
        return self.call(
            self.name("project", split),
            "F",
            "tasks.reconstruct.no_network_stage:project",
            self.stage_params.projection,
            (self.exposures(split), {"same": same, "longer": longer}),
            f"{stem(same)}.manifest.json",
        )

    def halves(self, split: Split) -> StageCall:
        """Take every other exposure of a view, twice."""
        folder = self.condition.view_folder(split.value)
        outputs = {half: self.half_exposures(split, half)["view"] for half in HALVES}
        return self.call(
            self.name("halve", split),
            "D",
            "tasks.views.half_sets:halve_view",
            self.stage_params.halves,
            (self.exposures(split), outputs),
            f"{folder}/halves.manifest.json",
        )

    def half_exposures(self, split: Split, half: str) -> dict[str, str]:
        """Return what a reconstructor of one half reads."""
        folder = self.condition.view_folder(split.value)
        return self.exposures(split) | {"view": f"{folder}/view_{half}.json"}

    def half_reconstruction(self, split: Split, arm: Arm, half: str) -> str:
        """Return where an arm's reconstruction of one half lies."""
        return self.condition.reconstruction(split.value, f"{arm.slug}_{half}")

    def half(self, split: Split, arm: Arm, half: str) -> StageCall:
        """Reconstruct one half by an arm."""
        inputs = self.half_exposures(split, half)
        path = self.half_reconstruction(split, arm, half)
        if arm is Arm.PTYCHI:
            name = self.name(f"iterate-ptychi-{half}", split)
            return self.iteration_call(name, self.stage_params.ptychi, inputs, path)
        return self.prediction_call(
            self.name(f"predict-{arm.slug}-{half}", split),
            arm,
            inputs | model_files(self.training_folder(arm)),
            path,
        )
