"""The stages that put others together: comparisons, costs, and the summary."""

from collections.abc import Iterable, Sequence

from flows.planning.planner import Planner
from tasks.catalogue.reconstruction import Reconstruction, Role, StageRole, Step
from tasks.catalogue.registry import CatalogueError
from tasks.core.study.hub_layout import (
    COMPARISON_MANIFEST,
    COST_PLOT,
    COST_TABLE,
    COST_TEXT,
    HALVES,
    METRICS_SUMMARY,
)
from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageCall
from tasks.report.costs.costs import CostParams, CostSource

Steps = dict[Reconstruction, Sequence[Step]]
TRAINED = (StageRole.TRAIN, StageRole.TAKE)
ITERATES = ".iterates"


def steps_of(planner: Planner, split: Split) -> Steps:
    """Return the stages of every reconstruction of a split that the run wants.

    CatalogueError if the last stage of one does not write its object.
    """
    found = {}
    for entry in planner.wanted(split):
        found[entry] = entry.stages(planner, split)
        path = planner.reconstruction(entry.name, split)
        if not found[entry] or path not in found[entry][-1].call.outputs.values():
            raise CatalogueError(
                f"The last stage of the reconstruction {entry.name} must write {path}, and does "
                f"not. Name that output `reconstruction` in its `stages`."
            )
    return found


def half_stages(
    planner: Planner, entries: Iterable[Reconstruction], split: Split
) -> dict[tuple[Reconstruction, str], Sequence[StageCall]]:
    """Return the stages that reconstruct the halves of a split, where a run wants them."""
    if not planner.params.truth_free:
        return {}
    return {
        (entry, half): calls
        for entry in entries
        if entry.role is Role.ARM
        for half in HALVES
        if (calls := entry.half_stages(planner, split, half))
    }


def plan_comparison(planner: Planner, split: Split, steps: Steps) -> StageCall:
    """Compare all reconstructions of a split, given their stages."""
    folder = planner.condition.analysis_folder(split.value)
    outputs = {
        "metrics": f"{folder}/comparison_metrics.csv",
        "frc": f"{folder}/frc_curves.csv",
        "blocks": f"{folder}/block_metrics.csv",
        "convergence": f"{folder}/convergence.csv",
        "convergence_plot": f"{folder}/convergence.png",
        "plot": f"{folder}/comparison_plot.png",
        "aligned": f"{folder}/reconstructions_aligned.npz",
        "comparison": f"{folder}/comparison.json",
    }
    inputs = _inputs(planner, split, steps)
    if not any(name.endswith(ITERATES) for name in inputs):
        # No solver among the arms, or no truth that its curve could go to.
        outputs = {k: path for k, path in outputs.items() if not k.startswith("convergence")}
    return planner.call(
        planner.name("compare", split),
        "G",
        "tasks.compare.stage:compare",
        planner.stage_params.comparison,
        (inputs, outputs),
        f"{folder}/manifest.json",
    )


def _inputs(planner: Planner, split: Split, steps: Steps) -> dict[str, str]:
    """Return what a comparison reads: objects, iterates, networks and halves."""
    found = {entry.name: planner.reconstruction(entry.name, split) for entry in steps}
    iterates = {
        f"{entry.name}{ITERATES}": stages[-1].call.outputs["iterates"]
        for entry, stages in steps.items()
        if "iterates" in stages[-1].call.outputs and planner.params.measured is None
    }
    models = {
        f"{entry.name}.model": step.call.outputs["model"]
        for entry, stages in steps.items()
        for step in stages
        if entry.role is Role.ARM and step.role in TRAINED and "model" in step.call.outputs
    }
    halves = {}
    if planner.params.truth_free:
        halved = half_stages(planner, steps, split)
        for half in HALVES:
            halves[f"view.{half}"] = planner.exposures(split, half)["view"]
            halves |= {
                f"{entry.name}.{half}": planner.reconstruction(entry.name, split, half)
                for entry in steps
                if (entry, half) in halved
            }
    inputs = planner.exposures(split) | planner.compared_with
    sources = {
        f"{entry.name}.source": step.call.outputs["source"]
        for entry, stages in steps.items()
        for step in stages
        if step.role is StageRole.TAKE
    }
    return inputs | found | iterates | models | halves | sources


def plan_costs(
    planners: Sequence[Planner], steps: Sequence[dict[Split, Steps]], tables: dict[str, str]
) -> StageCall:
    """Return the call that puts together what every reconstruction costs, for all replicates.

    Each planner has its stages of every reconstruction; tables are by the name of the comparison.
    """
    sources = [
        CostSource(
            model=entry.name,
            role=step.role,
            dose=planner.condition.photons_per_pattern,
            view=planner.condition.view,
            split=split.value,
            replicate=planner.condition.replicate,
            manifest=step.call.manifest,
            table=tables[planner.name("compare", split)],
        )
        for planner, by_split in zip(planners, steps, strict=True)
        for split, of_split in by_split.items()
        for entry, stages in of_split.items()
        for step in stages
        if step.role is not StageRole.PREPARE
    ]
    inputs = {path: path for source in sources for path in (source.manifest, source.table)}
    outputs = {"costs": COST_TABLE, "text": COST_TEXT, "plot": COST_PLOT}
    return planners[0].call(
        "summarise-costs",
        "G",
        "tasks.report.stage:summarise_costs",
        CostParams(sources=tuple(sources)),
        (inputs, outputs),
        "analysis/arm_costs.manifest.json",
    )


def plan_summary(planner: Planner, comparisons: Iterable[StageCall]) -> StageCall:
    """Put the comparisons together."""
    tables = [call.outputs["metrics"] for call in comparisons]
    outputs = {
        "summary": METRICS_SUMMARY,
        "text": "analysis/metrics_summary.md",
        "manifest": COMPARISON_MANIFEST,
    }
    return planner.call(
        "summarise",
        "G",
        "tasks.report.stage:summarise",
        planner.stage_params.report,
        ({table: table for table in tables}, outputs),
        "analysis/manifest.json",
    )
