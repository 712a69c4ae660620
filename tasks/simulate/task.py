"""Phase C as a Prefect task."""

from prefect.logging import get_run_logger

from tasks.core.study.stage_record import StageCall, StageRecord
from tasks.runtime.stage_task import execute, stage_task


@stage_task("simulate-scan")
def simulate_scan(call: StageCall) -> StageRecord:
    """Simulate the training and the test scan of one object, truth in a file apart."""
    record = execute(call)
    get_run_logger().info(
        "Simulated %d training and %d test patterns of %.1f photons in %.1f s",
        record.facts["train"]["n_patterns"],
        record.facts["test"]["n_patterns"],
        record.facts["train"]["measured_photons_per_pattern"],
        record.wall_s,
    )
    return record


@stage_task("prepare-scan")
def prepare_scan(call: StageCall) -> StageRecord:
    """Make a measured scan ready: one of the stages between the file and its two regions."""
    record = execute(call)
    get_run_logger().info("%s took %.1f s", call.stage, record.wall_s)
    return record
