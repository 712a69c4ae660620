"""Which conditions of a run failed, and what stopped them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prefect.client.schemas.objects import State

from flows.planning.plan import Plan
from tasks.core.study.stage_record import StageRecord
from tasks.runtime.errors import ConditionsFailedError

Ends = Mapping[str, State[StageRecord]]


def failed_stages(ends: Ends) -> list[BaseException]:
    """Return what stopped the stages that failed by themselves, in the order of the plan."""
    results = [state.result(raise_on_failure=False) for state in ends.values() if state.is_final()]
    return [result for result in results if isinstance(result, BaseException)]


def raise_failures(plan: Plan, ends: Ends, failures: Sequence[dict[str, Any]]) -> None:
    """Raise an error if a stage of a condition has not ended well.

    Args:
        plan: The conditions.
        ends: How the stages ended, by name.
        failures: What stopped those that failed, entries as in `blocker.json`.

    Raises:
        ConditionsFailedError: If a condition lacks a stage.
    """
    raise_unfinished(plan, {name for name, state in ends.items() if state.is_completed()}, failures)


def raise_unfinished(plan: Plan, done: Iterable[str], failures: Sequence[dict[str, Any]]) -> None:
    """Raise an error if a stage of a condition is not done.

    Args:
        plan: The conditions.
        done: Names of the stages that are.
        failures: What stopped those that failed, entries as in `blocker.json`.

    Raises:
        ConditionsFailedError: If a condition lacks a stage.
    """
    known = set(done)
    failed = [
        condition.name
        for condition in plan.conditions
        if not {call.stage for call in condition} <= known
    ]
    if failed:
        finished = [c.name for c in plan.conditions if c.name not in failed]
        raise ConditionsFailedError(failed, finished, list(failures))
