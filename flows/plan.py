"""The plan of a run: every stage, with the files that it reads and writes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flows.params import PhaseGParams
from flows.stage_planner import StagePlanner
from tasks.core.arms import NETWORK_ARMS, Arm
from tasks.core.named_files import without_folders
from tasks.core.records import StageCall
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
        adaptation: Phase E, PtychoPINN fine-tuned on the test scan; None where it is not asked for.
        reconstructions: Phase F, one a split and arm.
        adapted: Phase F, the test split by the fine-tuned network, or None.
        controls: Phase F, one a split: the networks' physics without a network.
        comparisons: Phase G, one a split.
        summary: Phase G, over all comparisons.
    """

    params: PhaseGParams
    simulation: StageCall
    views: dict[Split, StageCall]
    training: dict[Arm, StageCall]
    adaptation: StageCall | None
    reconstructions: dict[tuple[Split, Arm], StageCall]
    adapted: StageCall | None
    controls: dict[Split, StageCall]
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
        if self.adaptation:
            yield self.adaptation
        yield from self.reconstructions.values()
        yield from self.controls.values()
        if self.adapted:
            yield self.adapted
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
    planner = StagePlanner(params)
    try:
        check_scans(planner.stage_params.simulation)
    except ValueError as error:
        raise BadInputError(str(error)) from error
    splits = params.splits
    comparisons = {split: planner.comparison(split) for split in splits}
    return Plan(
        params=params,
        simulation=planner.simulation(),
        views={
            split: planner.view(split)
            for split in sorted({Split.TRAIN, *splits}, key=list(Split).index)
        },
        training={arm: planner.training(arm) for arm in NETWORK_ARMS},
        adaptation=planner.adaptation() if planner.adapts else None,
        # The longest first, so that it does not end alone.
        reconstructions={
            (split, arm): planner.reconstruction(split, arm)
            for arm in (Arm.PTYCHI, *NETWORK_ARMS)
            for split in splits
        },
        adapted=planner.adapted_reconstruction() if planner.adapts else None,
        controls={split: planner.control(split) for split in splits},
        comparisons=comparisons,
        summary=planner.summary(comparisons.values()),
    )
