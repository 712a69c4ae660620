"""What stages are called for people."""

from flows.planning.plan import Plan
from tasks.core.study.seeds import Split
from tasks.core.study.stage_interface import PUBLISH_DELTAS, VERIFY_EVIDENCE


def stage_names(plan: Plan) -> dict[str, str]:
    """Return the name of every stage for people; in a sweep with that of its condition.

    A stage that the views of a dose share is named by the dose alone.
    """
    if len(plan.conditions) == 1 and not plan.conditions[0].params.part_of_sweep:
        return {call.stage: short_name(call.stage) for call in plan}
    places: dict[str, set[str]] = {}
    for condition in plan.conditions:
        for call in condition:
            places.setdefault(call.stage, set()).add(condition.name)
    return {call.stage: _name_at(call.stage, places.get(call.stage, set())) for call in plan}


def _name_at(stage: str, conditions: set[str]) -> str:
    if not conditions:
        return short_name(stage)
    place = min(conditions) if len(conditions) == 1 else min(conditions).partition("/")[0]
    return f"{place} {short_name(stage)}"


def short_name(stage: str) -> str:
    """Return a stage's name for people: `predict-baseline test` of `predict-baseline.….test`.

    Replicates after the first are named: `predict-baseline test, replicate 2`.
    """
    name, *rest = stage.split(".")
    is_split = bool(rest) and rest[-1] in {split.value for split in Split}
    number = next((part.split("_")[1] for part in rest if part.startswith("replicate_")), None)
    return (f"{name} {rest[-1]}" if is_split else name) + (
        f", replicate {number}" if number else ""
    )


def closing_tasks(plan: Plan) -> list[str]:
    """Return what a run does after its stages, each time."""
    return [PUBLISH_DELTAS] if plan.params.skip_post_verify else [PUBLISH_DELTAS, VERIFY_EVIDENCE]
