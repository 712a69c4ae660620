"""Phase D as Prefect tasks."""

from prefect.logging import get_run_logger

from tasks.core.study.stage_record import StageCall, StageRecord
from tasks.runtime.stage_task import execute, stage_task


@stage_task("select-view")
def select_view(call: StageCall) -> StageRecord:
    """Choose the exposures of a view and measure how much they overlap."""
    record = execute(call)
    get_run_logger().info(
        "The %s view uses %d of %d exposures, linear overlap %.3f",
        record.facts["view"],
        record.facts["n_selected"],
        record.facts["n_exposures"],
        record.facts["overlap_ratio"],
    )
    return record


@stage_task("halve-view")
def halve_view(call: StageCall) -> StageRecord:
    """Take odd and even exposures apart."""
    record = execute(call)
    get_run_logger().info(
        "Odd and even halves: linear overlap %.3f", record.facts["halves_overlap_ratio"]
    )
    return record
