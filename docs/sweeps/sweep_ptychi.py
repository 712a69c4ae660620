"""Measures how the iterative arm converges: `python docs/sweeps/sweep_ptychi.py`.

Writes `ptychi.csv` beside itself: the complex error by epoch of every dose and view, run for twice
the epochs that the settings choose; of pty-chi's other algorithms; and how far five orders of the
minibatches lie apart. About ten CPU-minutes.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from sweep_scans import complex_error, make_scan  # noqa: E402

from tasks.core.files.object_file import read_iterates  # noqa: E402
from tasks.core.study.stage_record import StageFiles, silent  # noqa: E402
from tasks.reconstruct.params import PtyChiParams  # noqa: E402
from tasks.reconstruct.ptychi_stage import iterate  # noqa: E402
from tasks.reconstruct.solver_settings import DENSE_EPOCHS, SPARSE_EPOCHS  # noqa: E402

SEED = 7
EPOCHS = {"dense": DENSE_EPOCHS, "sparse": SPARSE_EPOCHS}
OTHERS = {
    "plain LSQML": {"plain": True},
    "ePIE": {"algorithm": "epie"},
    "autodiff": {"algorithm": "autodiff"},
}
COLUMNS = "dose,view,run,epoch,complex_nrmse,cpu_s,spread_between_orders\n"


def runs() -> Iterator[tuple[float, str, str, PtyChiParams]]:
    """Yield dose, view, name and parameters of every run, the most telling first."""
    for view in ("sparse", "dense"):
        for dose in (1e4, 1e5, 1e3):
            yield dose, view, "ours", PtyChiParams(n_epochs=2 * EPOCHS[view], device="cpu")
    for view in ("sparse", "dense"):
        for name, chosen in OTHERS.items():
            yield 1e4, view, name, PtyChiParams(n_epochs=EPOCHS[view], device="cpu", **chosen)
    for view in ("sparse", "dense"):
        params = PtyChiParams(n_epochs=EPOCHS[view], n_orders=5, device="cpu")
        yield 1e4, view, "ours, 5 orders", params


def main() -> None:
    """Run all and write a row for every kept iterate."""
    table = Path(__file__).with_name("ptychi.csv")
    with tempfile.TemporaryDirectory() as name, table.open("w") as rows:
        rows.write(COLUMNS)
        folder = Path(name)
        for dose, view, label, params in runs():
            paths = make_scan(folder, SEED, dose, view)
            outputs = {
                "reconstruction": folder / "o.h5",
                "iterates": folder / "i.h5",
                "history": folder / "h.csv",
                "options": folder / "o.json",
            }
            started = time.process_time()
            inputs = {"scan": paths["scan"], "view": paths["view"]}
            facts = iterate(params, StageFiles(inputs, outputs), silent)
            cpu_s = time.process_time() - started
            spread = facts["spread_between_orders"]
            for epoch, window in read_iterates(outputs["iterates"]):
                error = complex_error(window, paths)
                end = f"{cpu_s:.1f},{'' if spread is None else f'{spread:.4f}'}"
                rows.write(f'{dose:.0e},{view},"{label}",{epoch},{error:.4f},{end}\n')
            rows.flush()


if __name__ == "__main__":
    main()
