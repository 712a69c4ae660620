"""Runs pty-chi for the tests in a process of its own: `python ptychi_child.py FOLDER JOB...`.

The job `forward` writes pty-chi's intensities of the true object as the solver computes them, the
job `forward64` the same in double precision, the job `diverge` what an
unchecked pixel that is not finite leads to; a job `NAME=PARAMS`, the parameters as JSON,
reconstructs into files of that name, from `NAME_initial.h5` if it is there.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from tasks.core.object_file import read_object
from tasks.core.scan_file import read_scan
from tasks.core.stages import StageFiles
from tasks.reconstruct.divergence import DivergedError
from tasks.reconstruct.dose_settings import Exposure, settings_for
from tasks.reconstruct.iterate_stage import iterate
from tasks.reconstruct.params import Device, PtyChiParams
from tasks.reconstruct.starts import flat_start


def forward(folder: Path) -> None:
    import torch

    from tasks.reconstruct.ptychi_solver_task import MARGIN_PX, build_task

    scan, truth = read_scan(folder / "test.cxi"), read_object(folder / "truth.h5")
    settings, start = settings_for(PtyChiParams(), Exposure(1e5, 0.7), seed=1), flat_start(scan)
    task = build_task(scan, settings, start, "cpu")
    row, column = (first - MARGIN_PX for first in start.origin_px)
    values = truth.cut((row, column), tuple(task.object.lateral_shape))
    with torch.no_grad():
        task.object.set_data(np.where(np.isfinite(values), values, 0).astype(np.complex64)[None])
        intensity = task.reconstructor.forward_model(torch.arange(len(scan))).numpy()
    np.save(folder / "forward.npy", np.fft.fftshift(intensity, axes=(-2, -1)))


def forward_in_double_precision(folder: Path) -> None:
    import torch

    from tasks.reconstruct.ptychi_solver_options import api, solver_options
    from tasks.reconstruct.ptychi_solver_task import PtychographyTask

    scan, truth = read_scan(folder / "test.cxi"), read_object(folder / "truth.h5").object_
    options = solver_options(settings_for(PtyChiParams(), Exposure(1e5, 0.7), seed=1), "cpu")
    options.reconstructor_options.default_dtype = api.Dtypes.FLOAT64
    options.reconstructor_options.use_double_precision_for_fft = True
    with torch.no_grad():
        task = PtychographyTask(
            options,
            diffraction_data=scan.diffraction_counts.astype(np.float64),
            object_data=truth[None],
            probe_data=(scan.probe / scan.n_px)[None, None],
            probe_position_y_px=scan.positions_px[:, 0],
            probe_position_x_px=scan.positions_px[:, 1],
        )
        intensity = task.reconstructor.forward_model(torch.arange(len(scan))).numpy()
    np.save(folder / "forward64.npy", np.fft.fftshift(intensity, axes=(-2, -1)))


def diverge(folder: Path) -> None:
    from tasks.reconstruct.ptychi_solver import solve

    scan = read_scan(folder / "test.cxi")
    counts = scan.diffraction_counts.astype(float)
    settings = settings_for(PtyChiParams(n_epochs=2), Exposure(1e5, 0.7), seed=1)
    counts[0, 5, 5] = np.nan
    try:
        bad = replace(scan, diffraction_counts=counts)
        solve(bad, settings, flat_start(scan), Device.CPU, lambda *_: None)
    except DivergedError as error:
        kept = error.keep(folder / "ptychi.h5")
        (folder / "diverged.txt").write_text(str(kept))


def reconstruct(folder: Path, name: str, params: PtyChiParams) -> None:
    lines: list[str] = []
    given = {"initial": folder / f"{name}_initial.h5"}
    iterate(
        params,
        StageFiles(
            {"scan": folder / "test.cxi", "view": folder / "view.json"}
            | {key: path for key, path in given.items() if path.is_file()},
            {
                "reconstruction": folder / f"{name}.h5",
                "iterates": folder / f"{name}_iterates.h5",
                "history": folder / f"{name}.csv",
                "options": folder / f"{name}.json",
            },
        ),
        lambda done, total, text: lines.append(f"{done}/{total} {text}"),
    )
    (folder / f"{name}.txt").write_text("\n".join(lines))


if __name__ == "__main__":
    where = Path(sys.argv[1])
    for job in sys.argv[2:]:
        label, _, chosen = job.partition("=")
        if label == "forward":
            forward(where)
        elif label == "forward64":
            forward_in_double_precision(where)
        elif label == "diverge":
            diverge(where)
        else:
            reconstruct(where, label, PtyChiParams.model_validate_json(chosen))
