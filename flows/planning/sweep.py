"""The plan of a sweep: the conditions of all its doses and views, in one hub."""

from flows.params.sweep import SweepParams
from flows.planning.plan import Plan, plan_conditions


def make_sweep_plan(params: SweepParams) -> Plan:
    """Return the plan of a sweep; writes no file.

    Args:
        params: What the sweep is asked for.

    Raises:
        BadInputError: If its scans cannot be simulated.
        pydantic.ValidationError: If a value does not fit its stage.
    """
    return plan_conditions(params, params.conditions)
