"""Measures the settings of ePIE, RAAR and DM: `python docs/sweeps/sweep_classic.py`.

Writes `classic.csv` beside itself: the complex error by epoch of the validation object (seed 7) at
every dose and view, for a coarse grid of the step, of the batch size where there is one, and of
the share of the epochs whose objects are averaged. About 45 CPU-minutes. Runs may be named
(`dense,1e4,epie,0.3,16,64`), which prints their rows instead.
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
from tasks.reconstruct.classic.settings import ClassicSettings  # noqa: E402
from tasks.reconstruct.classic.solver import solve_classic  # noqa: E402
from tasks.reconstruct.params import ClassicAlgorithm, PtyChiParams  # noqa: E402
from tasks.reconstruct.ptychi_solver import DivergedError  # noqa: E402
from tasks.reconstruct.ptychi_stage import minibatch_seeds  # noqa: E402
from tasks.reconstruct.scan_checks import flat_object  # noqa: E402

SEED = 7
KEPT = (4, 6, 8, 12, 16, 24, 32, 40, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
AVERAGED = (0.0, 0.5)
COLUMNS = "view,dose,algorithm,step,batch_size,epoch,averaged_fraction,complex_nrmse,cpu_s\n"


# By view and dose: algorithm, step, batch size (0: all patterns at once), epochs.
GRID = {
    "dense,1e3": ("epie,1.0,16,256", "raar,0.6,0,384", "raar,0.75,0,24", "dm,0.5,0,16"),
    "dense,1e4": (
        "epie,0.3,16,64",
        "epie,1.0,4,32",
        "epie,1.0,16,512",
        "raar,0.75,0,384",
        "raar,0.9,0,48",
        "dm,0.5,0,32",
        "dm,1.0,0,16",
    ),
    "dense,1e5": ("epie,1.0,16,512", "raar,0.9,0,192", "dm,0.5,0,32"),
    "sparse,1e3": (
        "epie,1.0,16,1024",
        "raar,0.6,0,256",
        "raar,0.9,0,64",
        "dm,0.2,0,12",
        "dm,0.5,0,32",
        "dm,1.0,0,16",
    ),
    "sparse,1e4": (
        "epie,0.3,16,64",
        "epie,1.0,16,2048",
        "raar,0.6,0,64",
        "raar,0.75,0,512",
        "raar,0.9,0,64",
        "dm,0.5,0,32",
        "dm,1.0,0,16",
    ),
    "sparse,1e5": ("epie,1.0,16,2048", "raar,0.9,0,512", "dm,0.5,0,32", "dm,1.0,0,16"),
}


class Run(NamedTuple):
    """A run of the grid; a batch size of 0 is all patterns at once."""

    view: str
    dose: float
    algorithm: str
    step: float
    batch_size: int
    n_epochs: int


def run_named(name: str) -> Run:
    """Return the run of a name."""
    view, dose, algorithm, step, batch_size, n_epochs = name.split(",")
    return Run(view, float(dose), algorithm, float(step), int(batch_size), int(n_epochs))


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
                sys.stdout.writelines(rows(run_named(word), Path(name)))
                sys.stdout.flush()
            return
        with Path(__file__).with_name("classic.csv").open("w") as table:
            table.write(COLUMNS)
            for condition, runs in GRID.items():
                for run in runs:
                    table.writelines(rows(run_named(f"{condition},{run}"), Path(name)))
                    table.flush()


if __name__ == "__main__":
    main()
