"""Stage function of Phase F for the networks: a scan and a model in, a reconstruction out."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tasks.core.files.object_file import ObjectWindow, write_object
from tasks.core.files.scan_reader import open_view
from tasks.core.study.stage_record import Progress, StageFiles
from tasks.networks.batches import canvas_of
from tasks.networks.canvas_network import CanvasNetwork
from tasks.networks.device import use_device, without_gradients
from tasks.networks.exposures import Exposures
from tasks.networks.initial_guess import initial_guess
from tasks.networks.model_file import load_network
from tasks.networks.model_record import DataRecord, read_model_record
from tasks.networks.scan_statistics import ScanStatistics
from tasks.reconstruct.params import PredictionParams


def predict(params: PredictionParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Reconstruct the object that the exposures of a view saw, with a trained network.

    Inputs are `scan` (CXI), `view` (JSON), `weights` (HDF5) and `model` (JSON), the output is
    `reconstruction` (HDF5).

    Raises:
        ValueError: If the model is another arm's, is damaged or was trained for other data.
        FloatingPointError: If the reconstruction is not finite.
    """
    device = use_device(params.device, params.backend)
    model = read_model_record(files.inputs["model"])
    if model.arm != params.arm:
        raise ValueError(
            f"{files.inputs['model']} holds a model of {model.arm}, but "
            f"{params.arm} was asked for. Name the model of that arm."
        )
    exposures = Exposures.of(open_view(files.inputs["scan"], files.inputs["view"]))
    offered = DataRecord.of(exposures, ScanStatistics.of(exposures))
    model.data.refuse_other(offered, params.accept_other_probe, params.accept_other_dose)
    network = load_network(files.inputs["weights"], model)

    started = time.perf_counter()
    passes, n_patterns = network.passes, len(exposures)
    window = predict_object(
        network,
        exposures,
        params.chunk_size,
        lambda done: progress(done, passes, f"pass {done} of {passes} over {n_patterns} patterns"),
    )
    duration = time.perf_counter() - started
    if not np.all(np.isfinite(window.object_)):
        raise FloatingPointError(
            f"The {params.arm} reconstruction holds values that are not finite, although "
            f"its scan and weights are intact. Train it again with a lower learning_rate."
        )
    facts = {"arm": params.arm, "n_patterns": n_patterns, "passes": passes}
    write_object(files.outputs["reconstruction"], replace(window, facts=facts))
    return facts | {
        "inference_s": duration,
        "patterns_per_s": n_patterns / duration,
        "device": device,
    }


def predict_object(
    network: CanvasNetwork,
    exposures: Exposures,
    chunk_size: int,
    after_pass: Callable[[int], None] = lambda _: None,
) -> ObjectWindow:
    """Reconstruct the object that a scan saw, complex64 in the absolute frame, zero without light.

    Neither the order of the patterns nor the size of the chunks matters beyond rounding.
    """
    canvas = canvas_of(exposures.positions_px, exposures.n_px)
    guess = np.zeros(canvas.shape, dtype=np.complex64)
    if network.architecture.needs_initial_guess:
        guess = initial_guess(exposures, canvas)
    with without_gradients():
        object_ = network.predict_canvas(exposures, canvas, guess, chunk_size, after_pass)
    return ObjectWindow(object_, canvas.corner_px)
