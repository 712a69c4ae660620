"""The plan of a run: every stage, with the files that it reads and writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from flows.params.run import PhaseGParams, RunParams
from flows.planning.costs import plan_costs
from flows.planning.measured import Planner, planner_of, with_measured_dose
from flows.planning.variants import REFINED
from tasks.core.files.named_files import without_folders
from tasks.core.study.arms import NETWORK_ARMS, Arm
from tasks.core.study.half_sets import HALVES
from tasks.core.study.hub_layout import CONDITION_MAP_PLOT, dose_label
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageCall
from tasks.runtime.errors import BadInputError
from tasks.simulate.fly_scan import check_scans

Calls = tuple[StageCall, ...]


@dataclass(frozen=True)
class ReplicatePlan:
    """The stages of one replicate, in the order of the data's way.

    Attributes:
        preparation: Phase C of a measured scan: import, reference, regions; none otherwise.
        simulation: Phase C of a simulated one; none otherwise.
        views: Phase D, one a split.
        halves: Phase D, one a split: odd and even exposures; none unless asked for.
        labelling: Phase E, what the Baseline learns from on a measured scan; none otherwise.
        training: Phase E, one a network.
        adaptation: Phase E, PtychoPINN fine-tuned on the test scan; none unless asked for.
        iterations: Phase F, one a split: pty-chi, and on odd and even exposures if asked for.
        predictions: Phase F, one a network and split, and likewise.
        controls: Phase F, one a split: the networks' physics without a network.
        adapted: Phase F, the test split by the fine-tuned network; none unless asked for.
        refinements: Phase F, pty-chi from what a network has found; none unless asked for.
        simulated_labels: Phase E, a simulated sample below a measured probe, if asked for.
        overview: Phase G, pictures of the whole of a measured scan; none otherwise.
        comparisons: Phase G, one a split.
    """

    preparation: Calls
    simulation: Calls
    views: Calls
    halves: Calls
    labelling: Calls
    simulated_labels: Calls
    training: Calls
    adaptation: Calls
    iterations: Calls
    predictions: Calls
    controls: Calls
    adapted: Calls
    refinements: Calls
    overview: Calls
    comparisons: Calls

    def __iter__(self) -> Iterator[StageCall]:
        """Yield every stage, each after those whose files it reads."""
        for field in fields(self):
            yield from getattr(self, field.name)


@dataclass(frozen=True)
class ConditionPlan:
    """The stages of one dose and view, as a run of it alone has them.

    Attributes:
        params: What such a run would be asked for.
        replicates: The stages of every replicate.
    """

    params: PhaseGParams
    replicates: tuple[ReplicatePlan, ...]

    @property
    def name(self) -> str:
        """Dose and view, such as `dose_1000/dense`."""
        return f"{dose_label(self.params.photons_per_pattern)}/{self.params.view_name}"

    @property
    def comparisons(self) -> list[StageCall]:
        """The comparisons of all replicates."""
        return [call for replicate in self.replicates for call in replicate.comparisons]

    def __iter__(self) -> Iterator[StageCall]:
        """Yield every stage, each after those whose files it reads."""
        for replicate in self.replicates:
            yield from replicate


@dataclass(frozen=True)
class Plan:
    """The stages of a run: of one condition, or of many that may share some.

    Attributes:
        params: What the run was asked for.
        conditions: The stages of every dose and view; shared ones stand in each that needs them.
        costs: Phase G, what every reconstruction costs.
        summary: Phase G, over all comparisons.
    """

    params: RunParams
    conditions: tuple[ConditionPlan, ...]
    costs: StageCall
    summary: StageCall

    @property
    def replicates(self) -> tuple[ReplicatePlan, ...]:
        """The replicates of all conditions."""
        return tuple(part for condition in self.conditions for part in condition.replicates)

    @property
    def comparisons(self) -> list[StageCall]:
        """The comparisons of all conditions and replicates."""
        return [call for condition in self.conditions for call in condition.comparisons]

    @property
    def figures(self) -> dict[str, str]:
        """The figures of the report by title, relative to the hub.

        Of many conditions the map alone: their pictures would be too many to look at.
        """
        if len(self.conditions) > 1:
            shown = {"deltas over dose and overlap": CONDITION_MAP_PLOT}
        else:
            first = self.conditions[0].replicates[0]
            drawn = (*first.comparisons, *first.overview)
            shown = {call.stage: call.outputs["plot"] for call in drawn}
        return shown | {"cost against quality": self.costs.outputs["plot"]}

    @property
    def science(self) -> dict[str, Any]:
        """The parameters that the outputs depend on, as JSON, with the probe of the profile."""
        if not self.replicates[0].simulation:
            return self.params.science
        (simulation,) = self.replicates[0].simulation
        return self.params.science | without_folders({"probe": simulation.params["probe"]})

    def __iter__(self) -> Iterator[StageCall]:
        """Yield every stage once, each after those whose files it reads."""
        known: set[str] = set()
        for condition in self.conditions:
            for call in condition:
                if call.stage not in known:
                    known.add(call.stage)
                    yield call
        yield self.costs
        yield self.summary


def make_plan(params: PhaseGParams) -> Plan:
    """Return the plan of a run of one condition; writes no file.

    Args:
        params: What the run is asked for.

    Raises:
        BadInputError: If its scans cannot be simulated.
        pydantic.ValidationError: If a value does not fit its stage.
    """
    params = with_measured_dose(params)
    return plan_conditions(params, [params])


def plan_conditions(params: RunParams, conditions: Sequence[PhaseGParams]) -> Plan:
    """Return the plan of a run of one or many conditions in one hub; writes no file.

    Args:
        params: What the run is asked for.
        conditions: What a run of each dose and view alone would be asked for.

    Raises:
        BadInputError: If its scans cannot be simulated.
        pydantic.ValidationError: If a value does not fit its stage.
    """
    planners = [
        [planner_of(condition, number) for number in range(1, condition.seeds + 1)]
        for condition in conditions
    ]
    every = [planner for members in planners for planner in members]
    try:
        for planner in every:
            if planner.params.measured is None:
                check_scans(planner.stage_params.simulation)
    except ValueError as error:
        raise BadInputError(str(error)) from error
    planned = tuple(
        ConditionPlan(condition, tuple(_plan_replicate(planner) for planner in members))
        for condition, members in zip(conditions, planners, strict=True)
    )
    comparisons = [call for condition in planned for call in condition.comparisons]
    return Plan(params, planned, plan_costs(every), every[0].summary(comparisons))


def _plan_replicate(planner: Planner) -> ReplicatePlan:
    """Return the stages of one replicate."""
    params, extras = planner.params, planner.extras
    splits = params.splits
    halves = HALVES if params.truth_free else ()
    before, after = planner.before_training(), planner.after_training()
    made = {call.stage for call in before.labelling}
    return ReplicatePlan(
        preparation=before.preparation,
        simulation=before.simulation,
        labelling=before.labelling,
        simulated_labels=before.simulated_labels,
        views=(
            *(planner.view(s) for s in Split if s is Split.TRAIN or s in splits),
            *planner.views_of_training,
            *after.views,
        ),
        halves=tuple(extras.halves(split) for split in splits if halves),
        training=tuple(planner.training(arm) for arm in NETWORK_ARMS),
        adaptation=(extras.adaptation(),) if extras.adapts else (),
        iterations=(
            *(call for call in map(planner.iteration, splits) if call.stage not in made),
            *(extras.half(split, Arm.PTYCHI, half) for split in splits for half in halves),
        ),
        predictions=(
            *(planner.prediction(split, arm) for arm in NETWORK_ARMS for split in splits),
            *(
                extras.half(split, arm, half)
                for arm in NETWORK_ARMS
                for split in splits
                for half in halves
            ),
            *after.predictions,
        ),
        overview=after.overview,
        controls=tuple(extras.control(split) for split in splits),
        adapted=(extras.adapted_prediction(),) if extras.adapts else (),
        refinements=tuple(
            extras.refinement(split, arm) for arm in REFINED for split in splits if params.refine
        ),
        comparisons=tuple(planner.comparison(split) for split in splits),
    )
