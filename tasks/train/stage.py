"""Stage function of Phase E: a training scan in, a trained network and its history out."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.arms import Arm
from tasks.core.files import sha256_of
from tasks.core.object_file import read_object
from tasks.core.scan_file import Scan
from tasks.core.seeds import Purpose, spawn_integer
from tasks.core.stages import Progress, StageFiles
from tasks.core.view_file import read_view
from tasks.networks.device import use_device
from tasks.networks.model_file import (
    DataContract,
    ModelContract,
    write_contract,
    write_weights,
)
from tasks.networks.unrolled import UnrolledArchitecture, UnrolledNetwork
from tasks.train.figures import draw_learning_curve, write_history
from tasks.train.lessons import Course, Lesson, physics_lessons, supervised_lessons
from tasks.train.loop import learning_rates, train_network
from tasks.train.losses import Objective, physics_loss, supervised_loss
from tasks.train.params import TrainingParams
from tasks.train.thinning import choose_thinning

LOSS_NAMES = {
    Arm.PTYCHOPINN: "Poisson deviance / 2 per pixel",
    Arm.BASELINE: "mean squared distance to the truth",
}


def train(params: TrainingParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Train one network on the exposures of a view.

    Args:
        params: Arm, budget and the rest.
        files: Inputs `scan` (CXI) and `view` (JSON), and `truth` (HDF5) for the Baseline alone;
            outputs `weights` (HDF5), `model` (JSON), `history` (CSV) and `learning_curve` (PNG).
        progress: Told after every step.

    Returns:
        Parameters, steps, losses, speed and the device.

    Raises:
        ValueError: If the scan cannot be learned from, or the files do not fit the arm.
        FloatingPointError: If the loss is not finite.
    """
    device = use_device(params.device)
    scan = read_view(files.inputs["scan"], files.inputs["view"])
    data = DataContract.of(scan)
    thinning = _thinning(params, data)
    lessons, objective = _lessons(params, files, scan, thinning)
    architecture = UnrolledArchitecture(passes=params.passes, channels=params.channels)
    network = UnrolledNetwork(architecture, spawn_integer(params.seed, Purpose.TRAINING))

    started = time.perf_counter()
    losses = train_network(
        network,
        objective,
        lessons,
        params,
        lambda done, loss: progress(
            done, params.n_steps, f"{params.arm.value} step {done}, loss {loss:.4f}"
        ),
    )
    duration = time.perf_counter() - started
    record = _training_record(params, scan, thinning, losses)
    _write(params, files, network, data, losses, record)
    return record | {
        "n_parameters": network.count_params(),
        "training_s": duration,
        "patterns_per_s": params.n_steps * params.group_size / duration,
        "device": device,
    }


def _thinning(params: TrainingParams, data: DataContract) -> float:
    if params.arm is Arm.BASELINE:
        return 1.0
    return choose_thinning(params.thinning_fraction, data.photons_per_pattern)


def _lessons(
    params: TrainingParams, files: StageFiles, scan: Scan, thinning: float
) -> tuple[Iterator[Lesson], Objective]:
    course = Course.of(scan, params.group_size, params.seed)
    if params.arm is Arm.BASELINE:
        if "truth" not in files.inputs:
            raise ValueError("The Baseline learns from the truth: name it as input `truth`.")
        truth = read_object(files.inputs["truth"])
        return supervised_lessons(course, truth), supervised_loss
    if "truth" in files.inputs:
        raise ValueError(
            "PtychoPINN learns from diffraction alone: do not give it the input `truth`."
        )
    return physics_lessons(course, thinning), physics_loss


def _training_record(
    params: TrainingParams, scan: Scan, thinning: float, losses: NDArray[np.float64]
) -> dict[str, Any]:
    last = losses[-max(1, len(losses) // 10) :]
    return {
        "n_patterns": len(scan),
        "n_steps": params.n_steps,
        "thinning_fraction": thinning,
        "first_loss": float(losses[0]),
        "last_loss": float(np.median(last)),
    }


def _write(
    params: TrainingParams,
    files: StageFiles,
    network: UnrolledNetwork,
    data: DataContract,
    losses: NDArray[np.float64],
    record: dict[str, Any],
) -> None:
    write_weights(files.outputs["weights"], network)
    contract = ModelContract(
        arm=params.arm,
        architecture=network.architecture,
        data=data,
        weights_sha256=sha256_of(files.outputs["weights"]),
        training={"params": params.model_dump(mode="json"), **record},
    )
    write_contract(files.outputs["model"], contract)
    write_history(files.outputs["history"], losses, learning_rates(params))
    draw_learning_curve(
        files.outputs["learning_curve"],
        losses,
        f"{params.arm.value}, {record['n_patterns']} patterns, "
        f"{data.photons_per_pattern:.3g} photons each",
        LOSS_NAMES[params.arm],
    )
