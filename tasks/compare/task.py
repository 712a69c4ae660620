"""The comparison of Phase G as a Prefect task."""

from prefect.logging import get_run_logger

from tasks.core.study.stage_record import StageCall, StageRecord
from tasks.runtime.stage_task import execute, stage_task


@stage_task("compare-arms")
def compare_arms(call: StageCall) -> StageRecord:
    """Compare all reconstructions of a split in one region and one gauge."""
    record = execute(call)
    get_run_logger().info("Compared %s in %.1f s", call.stage, record.wall_s)
    return record
