"""Phase E as a Prefect task."""

from prefect.logging import get_run_logger

from tasks.core.records import StageCall, StageRecord
from tasks.runtime.stage_task import execute, stage_task


@stage_task("train-network")
def train_network(call: StageCall) -> StageRecord:
    """Train a network on the training scan: PtychoPINN on counts, the Baseline on labels."""
    record = execute(call)
    get_run_logger().info(
        "Trained %s for %d steps in %.1f s, %.1f CPU s",
        call.params["arm"],
        call.params["n_steps"],
        record.wall_s,
        record.cpu_s,
    )
    return record
