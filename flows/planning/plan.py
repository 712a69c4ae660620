"""The plan of a run: every stage, with the files that it reads and writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flows.params.own_rows import own_rows
from flows.params.run import PhaseGParams, RunParams
from flows.params.sweep import SweepParams
from flows.planning.comparison import (
    Steps,
    half_stages,
    plan_comparison,
    plan_costs,
    plan_summary,
    steps_of,
)
from flows.planning.measured import MeasuredPlanner, with_measured_dose
from flows.planning.planner import Calls, Planner
from flows.planning.solver_planner import PLACES, RUNS
from flows.planning.taken_networks import FUNCTION as TAKES_NETWORK
from tasks.catalogue.own_rows import OwnRow, know_rows
from tasks.catalogue.reconstruction import Role, StageRole
from tasks.core.files.named_files import without_folders
from tasks.core.study.hub_layout import CONDITION_MAP_PLOT, dose_label
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageCall
from tasks.runtime.errors import BadInputError
from tasks.simulate.fly_scan import check_scans
from tasks.views.exposures import exposures_of_view

ORDER = (
    StageRole.PREPARE,
    StageRole.LABEL,
    StageRole.TAKE,
    StageRole.TRAIN,
    StageRole.ADAPT,
    StageRole.RECONSTRUCT,
    StageRole.START,
    StageRole.REFINE,
)


@dataclass(frozen=True)
class ReplicatePlan:
    """The stages of one replicate.

    Attributes:
        calls: The stages, each after those whose files it reads.
        trainings: Names of those that train a network for an arm.
        waiting: Names of those that leave the cores to these trainings, and start after them.
    """

    calls: Calls
    trainings: frozenset[str]
    waiting: frozenset[str]

    def named(self, *kinds: str) -> Calls:
        """Return the stages of some kinds, such as `compare` or `train-baseline`."""
        return tuple(call for call in self.calls if call.stage.partition(".")[0] in kinds)

    def __iter__(self) -> Iterator[StageCall]:
        """Yield every stage, each after those whose files it reads."""
        return iter(self.calls)


@dataclass(frozen=True)
class ConditionPlan:
    """The stages of one dose and view, as a run of it alone, of these parameters, has them."""

    params: PhaseGParams
    replicates: tuple[ReplicatePlan, ...]

    @property
    def name(self) -> str:
        """Dose and view, such as `dose_1000/dense`."""
        return f"{dose_label(self.params.photons_per_pattern)}/{self.params.view_name}"

    def __iter__(self) -> Iterator[StageCall]:
        """Yield every stage, each after those whose files it reads."""
        for replicate in self.replicates:
            yield from replicate


@dataclass(frozen=True)
class Plan:
    """The stages of a run: of one condition, or of many that may share some.

    Shared stages stand in each condition that needs them. Rows are those that the run alone has.
    """

    params: RunParams
    conditions: tuple[ConditionPlan, ...]
    costs: StageCall
    summary: StageCall
    rows: tuple[OwnRow, ...] = ()

    @property
    def replicates(self) -> tuple[ReplicatePlan, ...]:
        """The replicates of all conditions."""
        return tuple(part for condition in self.conditions for part in condition.replicates)

    @property
    def comparisons(self) -> list[StageCall]:
        """The comparisons of all conditions and replicates."""
        return [call for replicate in self.replicates for call in replicate.named("compare")]

    @property
    def figures(self) -> dict[str, str]:
        """The figures of the report by title, relative to the hub.

        Of many conditions the map alone: their pictures would be too many to look at.
        """
        if len(self.conditions) > 1:
            shown = {"deltas over dose and overlap": CONDITION_MAP_PLOT}
        else:
            drawn = self.replicates[0].named("compare", "overview")
            shown = {call.stage: call.outputs["plot"] for call in drawn}
        return shown | {"cost against quality": self.costs.outputs["plot"]}

    @property
    def science(self) -> dict[str, Any]:
        """The parameters that the outputs depend on, as JSON, with the probe of the profile.

        Networks that are taken from another hub, objects of files and commands are there by their
        content, wherever they lie.
        """
        found = self.params.science
        simulations = self.replicates[0].named("simulate")
        if simulations:
            found |= without_folders({"probe": simulations[0].params["probe"]})
        taken = {
            call.stage: {name: call.params[name]["file_sha256"] for name in ("model", "weights")}
            for call in self
            if call.function == TAKES_NETWORK
        }
        objects = {
            call.stage: call.params["object_file"]["file_sha256"]
            for call in self
            if call.function == PLACES and call.params["object_file"] is not None
        }
        commands = {
            call.params["name"]: [
                call.params["solver"]["file_sha256"],
                *(file["file_sha256"] for file in call.params["files"]),
            ]
            for call in self
            if call.function == RUNS
        }
        named = {"networks_from": taken, "reconstruction": objects, "solver": commands}
        return found | {name: content for name, content in named.items() if content}

    def __iter__(self) -> Iterator[StageCall]:
        """Yield every stage once, each after those whose files it reads."""
        found: dict[str, StageCall] = {}
        for condition in self.conditions:
            for call in condition:
                found.setdefault(call.stage, call)
        yield from (*found.values(), self.costs, self.summary)


def make_plan(params: PhaseGParams) -> Plan:
    """Return the plan of a run of one condition; writes no file.

    Raises:
        BadInputError: If its scans cannot be simulated, or what it has beside the catalogue will
            not do.
        pydantic.ValidationError: If a value does not fit its stage.
    """
    params = with_measured_dose(params)
    return _plan_conditions(params, [params])


def make_sweep_plan(params: SweepParams) -> Plan:
    """Return the plan of a sweep, all of it in one hub; raises as `make_plan`."""
    return _plan_conditions(params, params.conditions)


def _plan_conditions(params: RunParams, conditions: Sequence[PhaseGParams]) -> Plan:
    """Return the plan of conditions, given what a run of each alone would be asked for."""
    own = own_rows(params)
    know_rows(own.rows)
    planned, planners, steps = [], [], []
    for condition in conditions:
        kind = Planner if condition.measured is None else MeasuredPlanner
        members = [kind(condition, number, own) for number in range(1, condition.seeds + 1)]
        of_members = [_steps(planner) for planner in members]
        replicates = map(_plan_replicate, members, of_members)
        planned.append(ConditionPlan(condition, tuple(replicates)))
        planners += members
        steps += of_members
    comparisons = [call for c in planned for r in c.replicates for call in r.named("compare")]
    tables = {call.stage: call.outputs["metrics"] for call in comparisons}
    costs = plan_costs(planners, steps, tables)
    summary = plan_summary(planners[0], comparisons)
    return Plan(params, tuple(planned), costs, summary, own.rows)


def _steps(planner: Planner) -> dict[Split, Steps]:
    """Return the stages of every reconstruction by split; refuses scans and views that can't be."""
    if planner.params.measured is None:
        try:
            layout, diameter = check_scans(planner.stage_params.simulation)
            for split in {*planner.params.splits, *([Split.TRAIN] if planner.networks else [])}:
                view = planner.stage_params.view
                exposures_of_view(view, layout.positions_px[split], diameter)
        except ValueError as error:
            raise BadInputError(str(error)) from error
    return {split: steps_of(planner, split) for split in planner.params.splits}


def _plan_replicate(planner: Planner, steps: dict[Split, Steps]) -> ReplicatePlan:
    """Return the stages of one replicate."""
    splits = planner.params.splits
    found = [
        (entry, step)
        for of_split in steps.values()
        for entry, stages in of_split.items()
        for step in stages
    ]
    # Of equal rank, what needs no network takes longest, and starts first.
    found.sort(key=lambda pair: (ORDER.index(pair[1].role), pair[0].is_network))
    halved = [
        call
        for split in splits
        for stages in half_stages(planner, steps[split], split).values()
        for call in stages
    ]
    of_arms = [(step.role, step.call.stage) for entry, step in found if entry.role is Role.ARM]
    calls: Calls = (
        *planner.preparation(),
        *(planner.view(split) for split in Split if split in splits),
        *(planner.halves(split) for split in splits if planner.params.truth_free),
        *(step.call for _, step in found),
        *halved,
        *planner.pictures(),
        *(plan_comparison(planner, split, steps[split]) for split in splits),
    )
    reconstructed = {stage for role, stage in of_arms if role is StageRole.RECONSTRUCT}
    labels = {step.call.stage for _, step in found if step.role is StageRole.LABEL}
    return ReplicatePlan(
        _in_order(calls),
        frozenset(stage for role, stage in of_arms if role is StageRole.TRAIN),
        frozenset(reconstructed | {call.stage for call in halved}) - labels,
    )


def _in_order(calls: Calls) -> Calls:
    """Return every stage once, each after those whose files it reads, else in the given order."""
    makers = {path: call for call in calls for path in (*call.outputs.values(), call.manifest)}
    found: dict[str, StageCall] = {}
    begun: set[str] = set()

    def add(call: StageCall) -> None:
        if call.stage in begun:
            return
        begun.add(call.stage)
        for path in call.inputs.values():
            if path in makers:
                add(makers[path])
        found[call.stage] = call

    for call in calls:
        add(call)
    return tuple(found.values())
