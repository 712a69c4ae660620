"""Phase E as a Prefect task."""

from prefect.logging import get_run_logger

from tasks.core.study.stage_record import StageCall, StageRecord
from tasks.runtime.stage_task import ProgressArtifact, execute, stage_task


@stage_task("train-network")
def train_network(call: StageCall) -> StageRecord:
    """Train a network on the training scan: PtychoPINN on counts, the Baseline on labels."""
    logger, arm = get_run_logger(), str(call.params["arm"])
    progress = ProgressArtifact(f"phase-g-training-{arm.lower()}", logger)
    record = execute(call, progress)
    progress.finish(f"{arm}: {record.facts['n_steps']} steps")
    logger.info(
        "Trained %s for %d steps in %.1f s, %.1f CPU s",
        arm,
        record.facts["n_steps"],
        record.wall_s,
        record.cpu_s,
    )
    return record


@stage_task("take-network")
def take_network(call: StageCall) -> StageRecord:
    """Take a trained network of another hub in place of a training."""
    record = execute(call)
    get_run_logger().info("Took %s from %s", call.params["arm"], record.facts["taken_from"])
    return record
