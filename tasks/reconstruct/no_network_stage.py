"""Stage function of Phase F for the control: what the networks' physics does without a network."""

import time
from itertools import islice
from typing import Any

import numpy as np

from tasks.core.files.object_file import ObjectWindow, write_object
from tasks.core.files.scan_reader import open_view
from tasks.core.study.stage_record import Progress, StageFiles
from tasks.networks.batches import canvas_of
from tasks.networks.exposures import Exposures
from tasks.networks.initial_guess import initial_guess
from tasks.networks.projections import PhysicsPass
from tasks.reconstruct.params import ProjectionParams


def project(params: ProjectionParams, files: StageFiles, progress: Progress) -> dict[str, Any]:
    """Reconstruct the exposures of a view by the initial guess and plain projections.

    What a network adds to its physics is the difference to this control. Inputs are `scan` (CXI)
    and `view` (JSON), outputs `same` and `longer` (HDF5), after as many passes as a network makes
    and after several times as many.
    """
    exposures = Exposures.of(open_view(files.inputs["scan"], files.inputs["view"]))
    canvas = canvas_of(exposures.positions_px, exposures.n_px)
    started = time.perf_counter()
    guess = initial_guess(exposures, canvas)
    physics = PhysicsPass.of(exposures, canvas, params.chunk_size)
    total = params.passes * params.longer_factor
    durations: dict[str, float] = {}
    for number, object_ in enumerate(islice(physics.passes(guess), total), start=1):
        for name, last in (("same", params.passes), ("longer", total)):
            if number == last:
                durations[f"{name}_s"] = time.perf_counter() - started
                lit = np.where(physics.coverage > 0, object_, 0).astype(np.complex64)
                window = ObjectWindow(lit, canvas.corner_px, {"passes": number})
                write_object(files.outputs[name], window)
        progress(number, total, f"projection {number} of {total}")
    return {
        "n_patterns": len(exposures),
        "passes": params.passes,
        "longer_passes": total,
        **durations,
    }
