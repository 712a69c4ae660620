"""Stage function of Phase E: a training scan in, a trained network and its history out."""

from typing import Any

import numpy as np

from tasks.core.files.atomic_files import sha256_of
from tasks.core.files.view_file import open_view
from tasks.core.study.arms import Arm
from tasks.core.study.seeds import Purpose, spawn_integer
from tasks.core.study.stage_interface import Progress, StageFiles
from tasks.networks.architectures.base import CanvasNetwork
from tasks.networks.architectures.registry import build_network
from tasks.networks.cost import cost_of
from tasks.networks.device import choose_precision, layers_in, use_device
from tasks.networks.exposures import Exposures, Optics
from tasks.networks.model_file import (
    DataContract,
    ModelContract,
    load_network,
    read_contract,
    write_contract,
    write_weights,
)
from tasks.networks.scan_statistics import Survey, check_scan_quality
from tasks.train.checkpoints import Checkpoints
from tasks.train.history import History, write_history
from tasks.train.learning_curve_figure import draw_learning_curve
from tasks.train.loop import AfterStep, Safeguards, train_network
from tasks.train.params import TrainingParams
from tasks.train.photon_thinning import choose_thinning
from tasks.train.training_setup import LOSS_NAMES, Syllabus


def train(params: TrainingParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Train one network on the exposures of a view.

    Args:
        params: Arm, budget and the rest.
        files: Inputs `scan` (CXI) and `view` (JSON), for the Baseline alone `truth` or `labels`
            (HDF5: the true object, or what a solver made of the scan), and
            `initial_weights` (HDF5) with `initial_model` (JSON) for a network that learns on;
            outputs `weights` (HDF5), `model` (JSON), `history` (CSV) and `learning_curve` (PNG).
        progress: Told after every step.

    Returns:
        Parameters, steps, losses, speed and the device.

    Raises:
        ValueError: If the scan cannot be learned from, or the files do not fit the arm.
        FloatingPointError: If the loss is not finite.
    """
    device = use_device(params.device, params.backend)
    reader = open_view(files.inputs["scan"], files.inputs["view"])
    exposures = Exposures.streamed(reader)
    survey = Survey.of(exposures)
    data = DataContract.of(exposures, survey)
    quality = check_scan_quality(exposures, survey, reader.header, params.group_size)
    thinning = _thinning(params, data)
    precision = choose_precision(params.precision, device)
    with layers_in(precision):
        network = _network(params, files, data, Optics.of(exposures.probe_modes))
    syllabus = Syllabus.of(params, files, exposures, thinning, network.needs_start)
    checkpoints = _checkpoints(files)
    history = train_network(
        network,
        syllabus.objective,
        syllabus.lessons,
        params,
        _reporter(params, progress),
        Safeguards(syllabus.held_out_lessons(), checkpoints),
    )
    record = _training_record(params, syllabus, thinning, history)
    record |= _cost_record(network, syllabus, history.n_steps)
    _write_model(params, files, network, data, record)
    write_history(files.outputs["history"], history)
    title = f"{params.arm.value}, {len(exposures)} patterns"
    draw_learning_curve(files.outputs["learning_curve"], history, title, LOSS_NAMES[params.arm])
    if checkpoints is not None:
        checkpoints.clear()
    return record | {
        "training_s": history.elapsed_s,
        "patterns_per_s": history.n_steps * params.group_size / history.elapsed_s,
        "device": device,
        **quality,
        "precision": precision.value,
        "resumed_step": history.resumed_step,
        "damaged_checkpoints": checkpoints.damaged if checkpoints else [],
    }


def _network(
    params: TrainingParams, files: StageFiles, data: DataContract, optics: Optics
) -> CanvasNetwork:
    """Return a new network, or the trained one that is to learn on."""
    if "initial_weights" not in files.inputs:
        seed = spawn_integer(params.seed, Purpose.TRAINING)
        return build_network(params.architecture, optics, seed)
    contract = read_contract(files.inputs["initial_model"])
    contract.data.refuse_other(data)
    return load_network(files.inputs["initial_weights"], contract)


def _checkpoints(files: StageFiles) -> Checkpoints | None:
    if not files.fingerprint:
        return None
    return Checkpoints(files.outputs["weights"].parent / "checkpoints", files.fingerprint)


def _reporter(params: TrainingParams, progress: Progress) -> AfterStep:
    total = params.n_steps if params.budget_s is None else max(1, round(params.budget_s))

    def report(step: int, loss: float, share: float) -> None:
        progress(round(share * total), total, f"{params.arm.value} step {step}, loss {loss:.4f}")

    return report


def _thinning(params: TrainingParams, data: DataContract) -> float:
    if params.arm is Arm.BASELINE:
        return 1.0
    return choose_thinning(params.thinning_fraction, data.photons_per_pattern)


def _training_record(
    params: TrainingParams, syllabus: Syllabus, thinning: float, history: History
) -> dict[str, Any]:
    last = history.losses[-max(1, history.n_steps // 10) :]
    best = history.best_step
    return {
        "n_patterns": len(syllabus.course.splits.exposures),
        "n_held_out": syllabus.n_held_out(),
        "n_steps": history.n_steps,
        "stopped_early": history.looks_since_best() >= params.patience,
        "thinning_fraction": thinning,
        "first_loss": history.losses[0],
        "last_loss": float(np.median(last)),
        "best_step": best,
        "best_held_out_loss": None if best is None else history.held_out[best],
    }


def _cost_record(network: CanvasNetwork, syllabus: Syllabus, n_steps: int) -> dict[str, Any]:
    course = syllabus.course
    n_modes = len(course.splits.exposures.probe_modes)
    cost = cost_of(network, course.groups.shape[1], course.canvas_shape, n_modes)
    return {
        "n_parameters": cost.n_parameters,
        "flops_per_step": cost.step_flops,
        "training_flops": n_steps * cost.step_flops,
    }


def _write_model(
    params: TrainingParams,
    files: StageFiles,
    network: CanvasNetwork,
    data: DataContract,
    record: dict[str, Any],
) -> None:
    write_weights(files.outputs["weights"], network)
    contract = ModelContract(
        arm=params.arm,
        architecture=network.architecture,
        optics=network.optics,
        data=data,
        thinning_fraction=record["thinning_fraction"],
        weights_sha256=sha256_of(files.outputs["weights"]),
        training={"params": params.model_dump(mode="json"), **record},
    )
    write_contract(files.outputs["model"], contract)
