"""Phase F as Prefect tasks: the networks predict, pty-chi iterates, the control projects."""

from prefect.logging import get_run_logger

from tasks.core.study.stage_record import StageCall, StageRecord
from tasks.runtime.stage_task import execute, stage_task


@stage_task("predict-object")
def predict_object(call: StageCall) -> StageRecord:
    """Reconstruct a scan with a trained network."""
    record = execute(call)
    get_run_logger().info("Predicted %s in %.1f s", call.params["arm"], record.wall_s)
    return record


@stage_task("project-object")
def project_object(call: StageCall) -> StageRecord:
    """Reconstruct a scan by the physics of the networks, without a network."""
    record = execute(call)
    get_run_logger().info(
        "Projected %d times in %.1f s", record.facts["longer_passes"], record.wall_s
    )
    return record


@stage_task("iterate-ptychi")
def iterate_ptychi(call: StageCall) -> StageRecord:
    """Reconstruct a scan with pty-chi, from a flat object or from another arm's."""
    record = execute(call)
    get_run_logger().info(
        "Iterated %d epochs in %.1f s, %.1f CPU s",
        record.facts["settings"]["n_epochs"],
        record.wall_s,
        record.cpu_s,
    )
    return record


@stage_task("reconstruct-object")
def reconstruct_object(call: StageCall) -> StageRecord:
    """Reconstruct a scan by the stage of another package."""
    record = execute(call)
    get_run_logger().info("%s took %.1f s", call.stage, record.wall_s)
    return record


@stage_task("run-solver")
def run_solver(call: StageCall) -> StageRecord:
    """Reconstruct a scan by a command of a person's own."""
    record = execute(call)
    get_run_logger().info(
        "%s took %.1f s, %.1f CPU s", call.params["name"], record.facts["solve_s"], record.cpu_s
    )
    return record
