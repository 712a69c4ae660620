"""Measures the share of pty-chi in our arm: `python ptychi_overhead_child.py FOLDER`.

Writes `overhead.json`: CPU-seconds of a whole run, and of those the ones spent in the calls that
one would make by hand, which are building the task and running its epochs. Both are of one run:
two runs of pty-chi itself differ by more than what is sought.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tasks.core.files.atomic_files import write_json
from tasks.core.study.device import Device
from tasks.core.study.stage_record import StageFiles, silent
from tasks.reconstruct import ptychi_solver
from tasks.reconstruct.params import PtyChiParams
from tasks.reconstruct.ptychi_solver_task import PtychographyTask
from tasks.reconstruct.ptychi_stage import iterate


class Watch:
    """Adds up the CPU-seconds of the calls that it wraps."""

    def __init__(self) -> None:
        self.spent_s = 0.0

    def over(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, its time counted."""

        def timed(*args: Any, **options: Any) -> Any:
            started = time.process_time()
            result = function(*args, **options)
            self.spent_s += time.process_time() - started
            return result

        return timed


def main(folder: Path) -> None:
    """Run once to warm up, and once to measure."""
    inputs = {"scan": folder / "test.cxi", "view": folder / "view.json"}
    names = ("reconstruction", "iterates", "history", "options")
    files = StageFiles(inputs, {name: folder / f"{name}.out" for name in names})
    iterate(PtyChiParams(n_epochs=1, device=Device.CPU), files, silent)
    watch = Watch()
    PtychographyTask.run = watch.over(PtychographyTask.run)
    ptychi_solver.build_task = watch.over(ptychi_solver.build_task)
    started = time.process_time()
    iterate(PtyChiParams(device=Device.CPU), files, silent)
    total = time.process_time() - started
    write_json(folder / "overhead.json", {"total_s": total, "pty_chi_s": watch.spent_s})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
