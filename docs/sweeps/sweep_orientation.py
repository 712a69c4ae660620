"""Measures the margins of the orientation check: `python docs/sweeps/sweep_orientation.py`.

Writes `orientation.csv` beside itself: what the check finds on good scans and on planted faults.
"""

import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from sweep_scans import make_scan  # noqa: E402

from tasks.core.files.scan_reader import map_view  # noqa: E402
from tasks.core.files.scan_record import Scan  # noqa: E402
from tasks.orientation.check import check_orientation  # noqa: E402

SEEDS = (7, 8, 9)


def moved(scale: tuple[int, int], order: slice = np.s_[::1]) -> Callable[[Scan], Scan]:
    """Return what plants a wrong orientation of the positions."""
    return lambda scan: replace(scan, positions_px=scan.positions_px[:, order] * scale)


FAULTS: dict[str, Callable[[Scan], Scan]] = {
    "none": lambda scan: scan,
    "y and x swapped": moved((1, 1), np.s_[::-1]),
    "y negated": moved((-1, 1)),
    "x negated": moved((1, -1)),
    "y and x negated": moved((-1, -1)),
    "patterns transposed": lambda scan: replace(
        scan, diffraction_counts=scan.diffraction_counts.swapaxes(1, 2)
    ),
    "probe conjugated": lambda scan: replace(scan, probe=scan.probe.conj()),
    "zero frequency in the corner": lambda scan: replace(
        scan, diffraction_counts=np.fft.ifftshift(scan.diffraction_counts, axes=(1, 2))
    ),
    "amplitudes": lambda scan: replace(
        scan, diffraction_counts=np.rint(np.sqrt(scan.diffraction_counts)).astype(np.uint16)
    ),
}


def main() -> None:
    """Check every scan with every fault."""
    table = Path(__file__).with_name("orientation.csv")
    with tempfile.TemporaryDirectory() as name, table.open("w") as rows:
        rows.write("seed,dose,view,planted,verdict,best_other,misfit_ratio,cpu_s\n")
        for seed in SEEDS:
            for dose in (1e3, 1e4, 1e5):
                for view in ("dense", "sparse"):
                    paths = make_scan(Path(name), seed, dose, view)
                    scan = map_view(paths["scan"], paths["view"])
                    for fault, plant in FAULTS.items():
                        row = judged(plant(scan))
                        rows.write(f"{seed},{dose:.0e},{view},{fault},{row}\n")
                    rows.flush()


def judged(scan: Scan) -> str:
    """Return verdict, best other orientation, ratio of misfits and CPU-seconds."""
    started = time.process_time()
    try:
        facts = check_orientation(scan)
        found = f"{facts['verdict']},{facts['best_other']},{facts['misfit_ratio']:.3f}"
    except ValueError as error:
        match = re.search(r"fits better with ([^:]+):.* ([\d.]+) times lower", str(error))
        found = f"refused,{match[1]},{1 / float(match[2]):.3f}" if match else "refused,amplitudes,"
    return f"{found},{time.process_time() - started:.2f}"


if __name__ == "__main__":
    main()
