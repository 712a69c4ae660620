"""Stage function of Phase E: a training scan in, a trained network and its history out."""

from typing import Any

import numpy as np

from tasks.core.files.atomic_files import sha256_of
from tasks.core.files.scan_reader import open_view
from tasks.core.study.seeds import Purpose, spawn_integer
from tasks.core.study.stage_record import Progress, StageFiles
from tasks.networks.canvas_network import CanvasNetwork, cost_of
from tasks.networks.code_fingerprint import network_code_sha256
from tasks.networks.device import choose_precision, layers_in, use_device
from tasks.networks.exposures import Exposures, InputGeometry
from tasks.networks.model_file import load_network, write_weights
from tasks.networks.model_record import (
    CODE_SHA256,
    DataRecord,
    ModelRecord,
    read_model_record,
    write_model_record,
)
from tasks.networks.scan_statistics import ScanStatistics, check_scan_quality
from tasks.train.checkpoints import Checkpoints
from tasks.train.history import History, draw_learning_curve, write_history
from tasks.train.loop import AfterStep, Safeguards, train_network
from tasks.train.params import TrainingParams
from tasks.train.photon_thinning import choose_thinning
from tasks.train.training_setup import LOSS_NAMES, TrainingSetup


def train(params: TrainingParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Train one network on the exposures of a view.

    Inputs are `scan` (CXI) and `view` (JSON), for the Baseline alone `truth` or `labels` (HDF5: the
    true object, or what a solver made of the scan), and `initial_weights` (HDF5) with
    `initial_model` (JSON) for a network that learns on; outputs `weights` (HDF5), `model` (JSON),
    `history` (CSV) and `learning_curve` (PNG).

    Raises:
        ValueError: If the scan cannot be learned from, or the files do not fit the arm.
        FloatingPointError: If the loss is not finite.
    """
    device = use_device(params.device, params.backend)
    reader = open_view(files.inputs["scan"], files.inputs["view"])
    exposures = Exposures.of(reader)
    statistics = ScanStatistics.of(exposures)
    data = DataRecord.of(exposures, statistics)
    quality = check_scan_quality(exposures, statistics, reader.header)
    shown_fraction = _shown_fraction(params, data)
    precision = choose_precision(params.precision, device)
    with layers_in(precision):
        network = _network(params, files, data, exposures)
    setup = TrainingSetup.of(
        params, files, exposures, shown_fraction, network.architecture.needs_initial_guess
    )
    folder = files.outputs["weights"].parent / "checkpoints"
    checkpoints = Checkpoints(folder, files.fingerprint) if files.fingerprint else None
    history = train_network(
        network,
        setup.objective,
        setup.training_batch,
        params,
        _reporter(params, progress),
        Safeguards(setup.validation_batches(), checkpoints),
    )
    record = _training_record(params, setup, history) | _cost_record(network, setup, history)
    _write_model(params, files, network, data, record)
    write_history(files.outputs["history"], history)
    title = f"{params.arm}, {len(exposures)} patterns"
    draw_learning_curve(
        files.outputs["learning_curve"], history, title, LOSS_NAMES[params.learns_from]
    )
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
    params: TrainingParams, files: StageFiles, data: DataRecord, exposures: Exposures
) -> CanvasNetwork:
    """Return a new network, or the trained one that is to learn on."""
    if "initial_weights" not in files.inputs:
        geometry = InputGeometry.of(exposures.probe_modes)
        return CanvasNetwork(
            params.architecture, geometry, spawn_integer(params.seed, Purpose.TRAINING)
        )
    model = read_model_record(files.inputs["initial_model"])
    model.data.refuse_other(data)
    return load_network(files.inputs["initial_weights"], model)


def _reporter(params: TrainingParams, progress: Progress) -> AfterStep:
    total = params.n_steps if params.budget_s is None else max(1, round(params.budget_s))

    def report(step: int, loss: float, share: float) -> None:
        progress(round(share * total), total, f"{params.arm} step {step}, loss {loss:.4f}")

    return report


def _shown_fraction(params: TrainingParams, data: DataRecord) -> float:
    if params.learns_from == "labels":
        return 1.0
    return choose_thinning(params.thinning_fraction, data.photons_per_pattern)


def _write_model(
    params: TrainingParams,
    files: StageFiles,
    network: CanvasNetwork,
    data: DataRecord,
    record: dict[str, Any],
) -> None:
    """Write weights and, beside them, the record of the model."""
    write_weights(files.outputs["weights"], network)
    model = ModelRecord(
        arm=params.arm,
        architecture=network.architecture,
        optics=network.geometry,
        data=data,
        thinning_fraction=record["thinning_fraction"],
        weights_sha256=sha256_of(files.outputs["weights"]),
        training={
            "params": params.model_dump(mode="json"),
            **record,
            CODE_SHA256: network_code_sha256(),
        },
    )
    write_model_record(files.outputs["model"], model)


def _training_record(
    params: TrainingParams, setup: TrainingSetup, history: History
) -> dict[str, Any]:
    last = history.losses[-max(1, history.n_steps // 10) :]
    best = history.best_step
    return {
        "n_patterns": len(setup.scan.exposures),
        "n_held_out": setup.n_held_out(),
        "n_steps": history.n_steps,
        "stopped_early": history.validations_since_best() >= params.patience,
        "thinning_fraction": setup.scan.thinning.shown_fraction,
        "first_loss": history.losses[0],
        "last_loss": float(np.median(last)),
        "best_step": best,
        "best_held_out_loss": None if best is None else history.held_out[best],
    }


def _cost_record(network: CanvasNetwork, setup: TrainingSetup, history: History) -> dict[str, Any]:
    scan = setup.scan
    n_modes = len(scan.exposures.probe_modes)
    cost = cost_of(network, scan.groups.shape[1], scan.canvas_shape, n_modes)
    return {
        "n_parameters": cost.n_parameters,
        "flops_per_step": cost.step_flops,
        "training_flops": history.n_steps * cost.step_flops,
    }
