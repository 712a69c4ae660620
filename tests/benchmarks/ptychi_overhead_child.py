"""Measures pty-chi by hand and our arm in one process: `python ptychi_overhead_child.py FOLDER`.

Writes `overhead.json`: CPU-seconds of both, every round. Both have the same scan, settings and
seed, and every import is done before the clock starts.
"""

import logging
import sys
import time
from pathlib import Path

import numpy as np
import torch

from tasks.core.device import Device
from tasks.core.files import write_json
from tasks.core.scan_file import Scan
from tasks.core.stages import StageFiles, silent
from tasks.core.view_file import read_view
from tasks.reconstruct.dose_settings import SolverSettings, measure_exposure, settings_for
from tasks.reconstruct.iterate_stage import iterate
from tasks.reconstruct.params import PtyChiParams
from tasks.reconstruct.ptychi_solver import solve
from tasks.reconstruct.ptychi_solver_options import solver_options
from tasks.reconstruct.ptychi_solver_task import PtychographyTask
from tasks.reconstruct.starts import flat_start

ROUNDS = 2


def by_hand(scan: Scan, settings: SolverSettings) -> None:
    """Run pty-chi as its manual says: a task from arrays in memory, then epoch by epoch."""
    start = flat_start(scan)
    positions = (scan.positions_px - np.asarray(start.origin_px) + 2).astype(np.float32)
    with torch.no_grad():
        task = PtychographyTask(
            solver_options(settings, "cpu"),
            diffraction_data=np.fft.fftshift(scan.diffraction_counts, (-2, -1)).astype(np.float32),
            object_data=np.pad(start.object_, 2, mode="edge")[None],
            probe_data=(scan.probe_modes / scan.n_px).astype(np.complex64)[None],
            probe_position_y_px=positions[:, 0],
            probe_position_x_px=positions[:, 1],
        )
    for _ in range(settings.n_epochs):
        task.run(1)


def main(folder: Path) -> None:
    """Time both in turn."""
    logging.getLogger("ptychi").setLevel(logging.WARNING)
    torch.set_num_threads(1)
    params = PtyChiParams(device=Device.CPU)
    inputs = {"scan": folder / "test.cxi", "view": folder / "view.json"}
    outputs = {
        name: folder / f"{name}.out"
        for name in ("reconstruction", "iterates", "history", "options")
    }
    scan = read_view(inputs["scan"], inputs["view"])
    settings = settings_for(params, measure_exposure(scan), seed=1)
    warm_up = settings_for(PtyChiParams(n_epochs=1), measure_exposure(scan), seed=1)
    solve(scan, warm_up, flat_start(scan), Device.CPU, lambda *_: None)
    spent: dict[str, list[float]] = {"by_hand_s": [], "ours_s": []}
    for _ in range(ROUNDS):
        for name, run in (
            ("by_hand_s", lambda: by_hand(scan, settings)),
            ("ours_s", lambda: iterate(params, StageFiles(inputs, outputs), silent)),
        ):
            started = time.process_time()
            run()
            spent[name].append(time.process_time() - started)
    write_json(folder / "overhead.json", spent)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
