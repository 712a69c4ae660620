"""Measures how well wrong positions are found: `python docs/sweeps/sweep_positions.py`.

Writes `positions.csv` beside itself: a weak phase object under three modes of the default probe,
400 patterns of 64 px at 1e6 photons (seed 7), positions wrong by known errors. About 12
CPU-minutes. Cases may be named (`random,3`), which prints their rows instead.
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

import numpy as np  # noqa: E402

from tasks.core import Real64  # noqa: E402
from tasks.core.files.scan_reader import read_scan  # noqa: E402
from tasks.core.files.scan_record import Scan  # noqa: E402
from tasks.core.study.stage_record import StageFiles, silent  # noqa: E402
from tasks.reconstruct.params import ReferenceParams  # noqa: E402
from tasks.reconstruct.positions.refine import choose_positions  # noqa: E402
from tasks.simulate.params import SimulationParams  # noqa: E402
from tasks.simulate.stage import simulate  # noqa: E402

SIDE, SEED = 20, 7
ERRORS_PX = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0)
KINDS = ("random", "drift", "backlash")
COLUMNS = "kind,error_rms_px,decision,left_rms_px,left_median_px,misfit_before,misfit_after,cpu_s\n"


def make_scan(folder: Path) -> Scan:
    """Simulate the scan, its positions right."""
    params = SimulationParams(
        photons_per_pattern=1e6,
        train_positions=(2, 2),
        test_positions=(SIDE, SIDE),
        min_test_span_px=0,
        seed=SEED,
        instrument={"n_modes": 3},
        train_object={"amplitude_range": (0.95, 1.0), "phase_range_rad": (-0.2, 0.2)},
    )
    names = {"train": "train.cxi", "test": "test.cxi", "truth": "truth.h5"}
    simulate(params, StageFiles({}, {name: folder / file for name, file in names.items()}), silent)
    return read_scan(folder / "test.cxi")


def errors_px(kind: str, rms_px: float) -> Real64:
    """Return errors of a kind whose r.m.s. distance is given, shape (J, 2)."""
    number = np.arange(SIDE**2)
    if kind == "random":
        errors = np.random.default_rng(SEED).standard_normal((len(number), 2))
    elif kind == "drift":
        part = number / len(number)
        errors = np.stack([np.sin(2 * np.pi * (0.7 * part + 0.2)), np.cos(1.8 * np.pi * part)], 1)
    else:
        to_and_fro = np.where(number // SIDE % 2, 1.0, -1.0)
        errors = np.stack([np.zeros(len(number)), to_and_fro], 1)
    errors = errors - errors.mean(axis=0)
    return np.asarray(errors * rms_px / np.sqrt(np.mean(np.sum(errors**2, axis=1))))


def row(scan: Scan, kind: str, rms_px: float) -> str:
    """Return the row of one case; distances are those but for a common shift."""
    wrong = replace(scan, positions_px=scan.positions_px + errors_px(kind, rms_px))
    started = time.process_time()
    found = choose_positions(wrong, ReferenceParams(device="cpu"), lambda _text: None)
    cpu_s = time.process_time() - started
    away = found.positions_px - scan.positions_px
    away = away - np.median(away, axis=0)
    distances = np.hypot(*away.T)
    before, after = found.record["misfit_per_px"]
    left = f"{np.sqrt(np.mean(distances**2)):.3f},{np.median(distances):.3f}"
    decision = found.record["decision"]
    return f"{kind},{rms_px:g},{decision},{left},{before:.4f},{after:.4f},{cpu_s:.0f}\n"


def main() -> None:
    """Run all cases and write their rows, or print those that are named."""
    with tempfile.TemporaryDirectory() as name:
        scan = make_scan(Path(name))
        if sys.argv[1:]:
            for word in sys.argv[1:]:
                kind, rms_px = word.split(",")
                sys.stdout.write(row(scan, kind, float(rms_px)))
                sys.stdout.flush()
            return
        with Path(__file__).with_name("positions.csv").open("w") as table:
            table.write(COLUMNS)
            for kind in KINDS:
                for rms_px in ERRORS_PX[0 if kind == KINDS[0] else 1 :]:
                    table.write(row(scan, kind, rms_px))
                    table.flush()


if __name__ == "__main__":
    main()
