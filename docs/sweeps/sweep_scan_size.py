"""Measures how a larger scan converges: `python docs/sweeps/sweep_scan_size.py`.

Writes `scan_size.csv` beside itself: the complex error of the validation object (seed 7) on its
training scan, 1,681 patterns dense and 256 sparse, every eight epochs up to twice those that the
settings choose. Conditions may be named (`dense,1e4`), which prints their rows instead, every
fourth epoch. About 30 CPU-minutes.
"""

import math
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from sweep_scans import complex_error, make_scan  # noqa: E402

from tasks.core.files.object_file import ObjectWindow  # noqa: E402
from tasks.core.files.scan_reader import map_view  # noqa: E402
from tasks.core.study.device import Device  # noqa: E402
from tasks.reconstruct.params import PtyChiParams  # noqa: E402
from tasks.reconstruct.ptychi_solver import solve  # noqa: E402
from tasks.reconstruct.ptychi_stage import minibatch_seeds  # noqa: E402
from tasks.reconstruct.scan_checks import flat_object  # noqa: E402
from tasks.reconstruct.solver_settings import measure_exposure, settings_for  # noqa: E402

SEED, EVERY, EVERY_NAMED = 7, 8, 4
CONDITIONS = [f"{view},{dose}" for view in ("dense", "sparse") for dose in ("1e3", "1e4", "1e5")]
COLUMNS = "view,dose,n_patterns,n_epochs,epoch,complex_nrmse\n"


def rows(view: str, dose: float, every: int) -> Iterator[str]:
    """Yield a row for every so many epochs of a condition."""
    with tempfile.TemporaryDirectory() as name:
        paths = make_scan(Path(name), SEED, dose, view, "train")
        scan = map_view(paths["scan"], paths["view"])
        usual = PtyChiParams()
        chosen = settings_for(usual, measure_exposure(scan), minibatch_seeds(usual)[0])
        errors: dict[int, float] = {}

        def on_epoch(epoch: int, _loss: float, window: ObjectWindow) -> None:
            if epoch % every == 0:
                errors[epoch] = complex_error(window, paths)

        twice = replace(chosen, n_epochs=EVERY * math.ceil(2 * chosen.n_epochs / EVERY))
        solve(scan, twice, flat_object(scan), Device.CPU, on_epoch)
        start = f"{view},{dose:.0e},{len(scan)},{chosen.n_epochs}"
        yield from (f"{start},{epoch},{error:.4f}\n" for epoch, error in errors.items())


def main() -> None:
    """Run the conditions and write or print their rows."""
    if sys.argv[1:]:
        for condition in sys.argv[1:]:
            view, dose = condition.split(",")
            sys.stdout.writelines(rows(view, float(dose), EVERY_NAMED))
        return
    with Path(__file__).with_name("scan_size.csv").open("w") as table:
        table.write(COLUMNS)
        for condition in CONDITIONS:
            view, dose = condition.split(",")
            table.writelines(rows(view, float(dose), EVERY))
            table.flush()


if __name__ == "__main__":
    main()
