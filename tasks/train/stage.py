"""Stage function of Phase E: a training scan in, a trained network and its history out."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.core.arms import Arm
from tasks.core.files import sha256_of
from tasks.core.seeds import Purpose, spawn_integer
from tasks.core.stages import Progress, StageFiles
from tasks.core.view_file import read_view
from tasks.networks.architectures.base import CanvasNetwork
from tasks.networks.architectures.registry import build_network
from tasks.networks.device import use_device
from tasks.networks.exposures import Exposures, Optics
from tasks.networks.model_file import (
    DataContract,
    ModelContract,
    write_contract,
    write_weights,
)
from tasks.networks.survey import Survey
from tasks.train.figures import draw_learning_curve, write_history
from tasks.train.loop import learning_rates, train_network
from tasks.train.params import TrainingParams
from tasks.train.syllabus import LOSS_NAMES, Syllabus
from tasks.train.thinning import choose_thinning


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
    exposures = Exposures.of(read_view(files.inputs["scan"], files.inputs["view"]))
    data = DataContract.of(exposures, Survey.of(exposures))
    thinning = _thinning(params, data)
    optics = Optics.of(exposures.probe_modes)
    seed = spawn_integer(params.seed, Purpose.TRAINING)
    network = build_network(params.architecture, optics, seed)
    syllabus = Syllabus.of(params, files, exposures, thinning, network.needs_start)

    started = time.perf_counter()
    losses = train_network(
        network,
        syllabus.objective,
        syllabus.lessons,
        params,
        lambda done, loss: progress(
            done, params.n_steps, f"{params.arm.value} step {done}, loss {loss:.4f}"
        ),
    )
    duration = time.perf_counter() - started
    record = _training_record(params, exposures, thinning, losses)
    _write_model(params, files, network, data, optics, record)
    _write_curve(params, files, losses, f"{len(exposures)} patterns")
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


def _training_record(
    params: TrainingParams, exposures: Exposures, thinning: float, losses: NDArray[np.float64]
) -> dict[str, Any]:
    last = losses[-max(1, len(losses) // 10) :]
    return {
        "n_patterns": len(exposures),
        "n_steps": params.n_steps,
        "thinning_fraction": thinning,
        "first_loss": float(losses[0]),
        "last_loss": float(np.median(last)),
    }


def _write_model(
    params: TrainingParams,
    files: StageFiles,
    network: CanvasNetwork,
    data: DataContract,
    optics: Optics,
    record: dict[str, Any],
) -> None:
    write_weights(files.outputs["weights"], network)
    contract = ModelContract(
        arm=params.arm,
        architecture=network.architecture,
        optics=optics,
        data=data,
        weights_sha256=sha256_of(files.outputs["weights"]),
        training={"params": params.model_dump(mode="json"), **record},
    )
    write_contract(files.outputs["model"], contract)


def _write_curve(
    params: TrainingParams, files: StageFiles, losses: NDArray[np.float64], subtitle: str
) -> None:
    write_history(files.outputs["history"], losses, learning_rates(params))
    draw_learning_curve(
        files.outputs["learning_curve"],
        losses,
        f"{params.arm.value}, {subtitle}",
        LOSS_NAMES[params.arm],
    )
