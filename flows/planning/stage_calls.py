"""What the call of any stage is put together with: names, paths, limits."""

from collections.abc import Mapping

from pydantic import BaseModel

from flows.params.own_rows import OwnRows
from flows.params.profiles import StageParams, resolve, sizes_of
from flows.params.run import PhaseGParams
from tasks.core.files.named_files import seen_from
from tasks.core.study.hub_layout import Condition
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import Phase, StageCall

NO_ROWS = OwnRows()


class StageCalls:
    """One replicate of one condition, and where its files lie.

    The scans that are read are those of `source`, another dose, view and replicate where replicates
    share them.
    """

    def __init__(self, params: PhaseGParams, replicate: int = 1, own: OwnRows = NO_ROWS) -> None:
        """Resolve the parameters of every stage; own rows are those beside the catalogue."""
        self.params, self.own = params, own
        own_arms = tuple(solver.name for _, solver in own.solvers)
        self.stage_params: StageParams = resolve(params, replicate, own_arms)
        self.condition = Condition(params.photons_per_pattern, params.view_name, replicate)
        self.source = self.condition
        self.timeout_s = sizes_of(params).timeout_s

    @property
    def compared_with(self) -> dict[str, str]:
        """What reconstructions are compared with: the true object."""
        return {"truth": self.condition.truth}

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
        view = f"{self.condition.view_folder(split.value)}/{of_half('view', '_', half)}.json"
        return {"scan": self.source.scan(split.value), "view": view}

    def reconstruction(self, name: str, split: Split, half: str = "") -> str:
        """Return where a reconstruction lies."""
        return self.condition.reconstruction(split.value, of_half(name.lower(), "_", half))


def of_half(name: str, joint: str, half: str) -> str:
    """Return the name of something that is made of one half of the exposures, or of all."""
    return f"{name}{joint}{half}" if half else name


def stem(reconstruction: str) -> str:
    """Return the path of a reconstruction without its ending."""
    return reconstruction.removesuffix(".h5")
