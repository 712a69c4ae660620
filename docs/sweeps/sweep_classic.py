"""Measures the settings of ePIE, RAAR and DM: `python docs/sweeps/sweep_classic.py`.

Writes `classic.csv` beside itself: the complex error by epoch of the validation object (seed 7) at
every dose and view, for a coarse grid of the step, of the batch size where there is one, and of
the share of the epochs whose objects are averaged. About 25 CPU-minutes. Runs may be named
(`dense,1e4,epie,0.3,16`: view, dose, algorithm, step, batch size or 0), which prints their rows.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import numpy as np  # noqa: E402
from sweep_scans import complex_error, make_scan  # noqa: E402

from tasks.core.files.object_file import ObjectWindow  # noqa: E402
from tasks.core.files.scan_reader import map_view  # noqa: E402
from tasks.core.study.device import Device  # noqa: E402
from tasks.reconstruct.classic_settings import ClassicSettings  # noqa: E402
from tasks.reconstruct.classic_solver import solve_classic  # noqa: E402
from tasks.reconstruct.params import ClassicAlgorithm, PtyChiParams  # noqa: E402
from tasks.reconstruct.ptychi_solver import DivergedError  # noqa: E402
from tasks.reconstruct.ptychi_stage import minibatch_seeds  # noqa: E402
from tasks.reconstruct.scan_checks import flat_object  # noqa: E402

SEED = 7
DOSES = (1e4, 1e3, 1e5)
KEPT = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
AVERAGED = (0.0, 0.5)
COLUMNS = "view,dose,algorithm,step,batch_size,epoch,averaged_fraction,complex_nrmse,cpu_s\n"


class Run(NamedTuple):
    """A run of the grid; a batch size of 0 is all patterns at once."""

    view: str
    dose: float
    algorithm: str
    step: float
    batch_size: int
    n_epochs: int


def grid() -> Iterator[Run]:
    """Yield every run."""
    for view, n_epochs in (("sparse", 128), ("dense", 64)):
        for dose in DOSES:
            for alpha in (0.1, 0.3, 1.0):
                yield Run(view, dose, "epie", alpha, 16, n_epochs)
            for beta in (0.6, 0.75, 0.9):
                yield Run(view, dose, "raar", beta, 0, n_epochs)
            for relaxation in (0.2, 0.5, 1.0):
                yield Run(view, dose, "dm", relaxation, 0, n_epochs // 2)


def rows(run: Run, folder: Path) -> Iterator[str]:
    """Yield a row for every kept epoch and averaged share, up to where a run diverges."""
    paths = make_scan(folder, SEED, run.dose, run.view)
    scan = map_view(paths["scan"], paths["view"])
    settings = ClassicSettings(
        algorithm=ClassicAlgorithm(run.algorithm),
        n_epochs=run.n_epochs,
        step=run.step,
        batch_size=run.batch_size or None,
        seed=minibatch_seeds(PtyChiParams())[0],
    )
    found: list[ObjectWindow] = []

    def keep(_epoch: int, _loss: float, window: ObjectWindow) -> None:
        found.append(window)

    started = time.process_time()
    with suppress(DivergedError):
        solve_classic(scan, settings, flat_object(scan), Device.CPU, keep)
    cpu_s = (time.process_time() - started) / len(found)
    start = f"{run.view},{run.dose:.0e},{run.algorithm},{run.step},{run.batch_size}"
    for epoch in KEPT:
        if epoch > len(found):
            break
        for fraction in AVERAGED:
            last = found[epoch - max(1, round(fraction * epoch)) : epoch]
            mean = np.mean([window.object_ for window in last], axis=0)
            error = complex_error(ObjectWindow(mean, last[-1].origin_px), paths)
            yield f"{start},{epoch},{fraction},{error:.4f},{cpu_s * epoch:.1f}\n"


def main() -> None:
    """Run the grid and write its rows, or print those of the runs that are named."""
    with tempfile.TemporaryDirectory() as name:
        if sys.argv[1:]:
            for word in sys.argv[1:]:
                view, dose, algorithm, step, batch, *rest = word.split(",")
                n_epochs = int(rest[0]) if rest else (128 if view == "sparse" else 64)
                run = Run(view, float(dose), algorithm, float(step), int(batch), n_epochs)
                sys.stdout.writelines(rows(run, Path(name)))
                sys.stdout.flush()
            return
        with Path(__file__).with_name("classic.csv").open("w") as table:
            table.write(COLUMNS)
            for run in grid():
                table.writelines(rows(run, Path(name)))
                table.flush()


if __name__ == "__main__":
    main()
