"""Runs pty-chi for the tests in a process of its own: `python ptychi_child.py FOLDER JOB...`.

The job `forward` writes pty-chi's intensities of the true object as the solver computes them, the
job `forward64` the same in double precision, the job `diverge` what an overflow leads to; a
job `NAME=PARAMS`, the parameters as JSON, reconstructs into files of that name, in a folder of its
own scan where it is `PLACE/NAME`; `NAME@FILE=PARAMS` starts from the object of a file. Names that
begin with `classic-` are of the classic algorithms.
"""

import sys
from pathlib import Path

import numpy as np

from tasks.core.files.object_file import ObjectWindow, read_object, write_object
from tasks.core.files.scan_reader import read_scan
from tasks.core.geometry.patches import Window
from tasks.core.study.stage_record import StageFiles
from tasks.reconstruct.params import ClassicParams, PtyChiParams
from tasks.reconstruct.ptychi_stage import iterate, iterate_classic
from tasks.reconstruct.scan_checks import flat_object
from tasks.reconstruct.solver_settings import Exposure, settings_for


def forward(folder: Path) -> None:
    import torch

    from tasks.reconstruct.ptychi_solver_task import MARGIN_PX, build_task

    scan, truth = read_scan(folder / "test.cxi"), read_object(folder / "truth.h5")
    settings = settings_for(PtyChiParams(), Exposure(1e5, 0.7, 100), seed=1)
    initial = flat_object(scan)
    task = build_task(scan, settings, initial, "cpu")
    corner = (initial.origin_px[0] - MARGIN_PX, initial.origin_px[1] - MARGIN_PX)
    values = truth.cut(Window(corner, tuple(task.object.lateral_shape)))
    with torch.no_grad():
        task.object.set_data(np.where(np.isfinite(values), values, 0).astype(np.complex64)[None])
        intensity = task.reconstructor.forward_model(torch.arange(len(scan))).numpy()
    np.save(folder / "forward.npy", np.fft.fftshift(intensity, axes=(-2, -1)))


def forward_in_double_precision(folder: Path) -> None:
    import torch

    from tasks.reconstruct.ptychi_solver_task import PtychographyTask, api, solver_options

    scan, truth = read_scan(folder / "test.cxi"), read_object(folder / "truth.h5").object_
    options = solver_options(settings_for(PtyChiParams(), Exposure(1e5, 0.7, 100), seed=1), "cpu")
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
    truth = read_object(folder / "truth.h5")
    # Finite, but its intensity is more than single precision holds.
    huge = np.full(truth.object_.shape, 1e30, dtype=np.complex64)
    write_object(folder / "huge.h5", ObjectWindow(huge, truth.origin_px))
    try:
        reconstruct(folder, "bad@huge.h5", PtyChiParams(n_epochs=2))
    except FloatingPointError as error:
        (folder / "diverged.txt").write_text(str(error))


def reconstruct(folder: Path, name: str, params: PtyChiParams | ClassicParams) -> None:
    lines: list[str] = []
    name, _, initial = name.partition("@")
    inputs = {"scan": folder / "test.cxi", "view": folder / "view.json"}
    if initial:
        inputs["initial"] = folder / initial
    outputs = {
        "reconstruction": folder / f"{name}.h5",
        "iterates": folder / f"{name}_iterates.h5",
        "history": folder / f"{name}.csv",
        "options": folder / f"{name}.json",
    }
    files = StageFiles(inputs, outputs)

    def progress(done: int, total: int, text: str) -> None:
        lines.append(f"{done}/{total} {text}")

    if isinstance(params, ClassicParams):
        iterate_classic(params, files, progress)
    else:
        iterate(params, files, progress)
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
            made = where / label
            kind = ClassicParams if made.name.startswith("classic-") else PtyChiParams
            reconstruct(made.parent, made.name, kind.model_validate_json(chosen))
