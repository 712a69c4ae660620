"""The comparison of Phase G, and the placing of objects for it, as Prefect tasks."""

from prefect.logging import get_run_logger

from tasks.core.study.stage_record import StageCall, StageRecord
from tasks.runtime.stage_task import execute, stage_task


@stage_task("compare-arms")
def compare_arms(call: StageCall) -> StageRecord:
    """Compare all reconstructions of a split in one region and one gauge."""
    record = execute(call)
    get_run_logger().info("Compared %s in %.1f s", call.stage, record.wall_s)
    return record


@stage_task("place-object")
def place_object(call: StageCall) -> StageRecord:
    """Bring an object of another program into the frame of the scan."""
    record = execute(call)
    found = record.facts["placement"]
    get_run_logger().info(
        "Placed %s, %s, %s", call.params["row"], found["source"], found["orientation"]
    )
    return record
