"""How the comparisons of a hub are put together: as its plan says."""

from pathlib import Path

from tasks.report.records.hub_contents import read_plan
from tasks.report.statistics.summary import ReportParams

SUMMARISE = "tasks.report.stage:summarise"


def planned_params(hub: Path) -> ReportParams:
    """Return the parameters of a hub's summary; as by default without a plan.

    Raises:
        ValueError: If the plan is damaged.
    """
    plan = read_plan(hub)
    planned = (stage.params for stage in plan.stages if stage.function == SUMMARISE) if plan else ()
    return ReportParams.model_validate(next(iter(planned), {}))
