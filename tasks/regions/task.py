"""Phase C of a measured scan as Prefect tasks: import, reference, regions."""

from prefect.logging import get_run_logger

from tasks.core.study.stage_record import StageCall, StageRecord
from tasks.runtime.stage_task import execute, stage_task


@stage_task("prepare-scan")
def prepare_scan(call: StageCall) -> StageRecord:
    """Make a measured scan ready: one of the stages between the file and its two regions."""
    record = execute(call)
    get_run_logger().info("%s took %.1f s", call.stage, record.wall_s)
    return record
