"""The stage that puts together what every reconstruction costs, from the records of the others."""

from collections.abc import Iterable, Sequence

from flows.planning.comparison import StagePlanner
from flows.planning.variants import REFINED
from tasks.core.study.arms import NETWORK_ARMS, Arm, Extra, Reconstruction
from tasks.core.study.hub_layout import COST_TABLE
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageCall
from tasks.report.costs.cost_params import CostParams, CostSource, Role
from tasks.report.publish.write_reports import COST_PLOT, COST_TEXT

Stages = Sequence[tuple[Role, StageCall]]


def plan_costs(planners: Sequence[StagePlanner]) -> StageCall:
    """Return the call for all replicates."""
    sources = [
        source
        for planner in planners
        for split in planner.params.splits
        for source in _sources(planner, split)
    ]
    inputs = {path: path for source in sources for path in (source.manifest, source.table)}
    outputs = {"costs": COST_TABLE, "text": COST_TEXT, "plot": COST_PLOT}
    return planners[0].call(
        "summarise-costs",
        "G",
        "tasks.report.costs.cost_stage:summarise_costs",
        CostParams(sources=tuple(sources)),
        (inputs, outputs),
        "analysis/arm_costs.manifest.json",
    )


def _sources(planner: StagePlanner, split: Split) -> Iterable[CostSource]:
    """Yield every stage that a reconstruction of a split needed."""
    condition, table = planner.condition, planner.comparison(split).outputs["metrics"]
    for reconstruction, stages in _stages(planner, split):
        for role, call in stages:
            yield CostSource(
                model=reconstruction.value,
                role=role,
                dose=condition.photons_per_pattern,
                view=condition.view,
                split=split.value,
                replicate=condition.replicate,
                manifest=call.manifest,
                table=table,
            )


def _stages(planner: StagePlanner, split: Split) -> Iterable[tuple[Reconstruction, Stages]]:
    """Yield the stages of every reconstruction of a split."""
    extras = planner.extras
    wanted = extras.of(split)
    training = {arm: [(Role.TRAIN, planner.training(arm))] for arm in NETWORK_ARMS}
    training[Arm.BASELINE] += [(Role.LABEL, call) for call in planner.label_stages]
    prediction = {arm: planner.prediction(split, arm) for arm in NETWORK_ARMS}
    for arm in NETWORK_ARMS:
        yield arm, [*training[arm], (Role.RECONSTRUCT, prediction[arm])]
    yield Arm.PTYCHI, [(Role.RECONSTRUCT, planner.iteration(split))]
    if Extra.ADAPTED in wanted:
        tuned = (Role.ADAPT, extras.adaptation())
        predicted = (Role.RECONSTRUCT, extras.adapted_prediction())
        yield Extra.ADAPTED, [*training[Arm.PTYCHOPINN], tuned, predicted]
    for arm, extra in REFINED.items():
        if extra in wanted:
            start = (Role.START, prediction[arm])
            refined = (Role.REFINE, extras.refinement(split, arm))
            yield extra, [*training[arm], start, refined]
    for extra in (Extra.PROJECTIONS, Extra.LONGER_PROJECTIONS):
        yield extra, [(Role.RECONSTRUCT, extras.control(split))]
