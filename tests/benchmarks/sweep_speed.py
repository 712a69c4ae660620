"""How much faster a sweep is than its conditions one after the other, each a run of its own.

    python tests/benchmarks/sweep_speed.py FOLDER [--doses 1e3 1e4 1e5] [--profile smoke]

Runs both in new hubs of a folder and prints wall clock, CPU time and how many cores were busy. It
is no test: it takes many minutes, and on a machine with other work the clock tells little.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
VIEWS = ("dense", "sparse")


@dataclass(frozen=True)
class Spent:
    """What a command took.

    Attributes:
        wall_s: Time on the clock [s].
        cpu_s: Time of all processors, children too [s].
    """

    wall_s: float
    cpu_s: float


def run(module: str, words: Sequence[str]) -> Spent:
    """Run a command line of this project and measure it."""
    before, started_s = _cpu_s(), time.monotonic()
    subprocess.run(
        [sys.executable, "-m", module, *words],
        check=True,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return Spent(time.monotonic() - started_s, _cpu_s() - before)


def stages_of(hub: Path) -> tuple[int, float]:
    """Return how many stages a hub has, and the sum of their times on the clock [s]."""
    plan = json.loads((hub / "plan/plan.json").read_text())
    records = [json.loads((hub / entry["manifest"]).read_text()) for entry in plan["stages"]]
    return len(records), sum(record["wall_s"] for record in records)


def main() -> int:
    """Measure and print; exit code 1 if the sweep is not 1.6 times as fast."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--doses", nargs="+", default=["1e3", "1e4", "1e5"])
    parser.add_argument("--profile", default="smoke")
    asked = parser.parse_args()
    fixed = ["--profile", asked.profile, "--splits", "test"]
    folder = asked.folder.resolve()
    hub = folder / "sweep"
    sweep = run("flows.dose_overlap_study", ["--hub", str(hub), *fixed, "--doses", *asked.doses])
    n_stages, stages_s = stages_of(hub)
    singles, n_single_stages = [], 0
    for dose in asked.doses:
        for view in VIEWS:
            alone = folder / f"alone-{dose}-{view}"
            words = ["--hub", str(alone), *fixed, "--dose", dose, "--view", view]
            singles.append(run("flows.phase_g", words))
            n_single_stages += stages_of(alone)[0]
    one_by_one = Spent(sum(one.wall_s for one in singles), sum(one.cpu_s for one in singles))
    ratio = one_by_one.wall_s / sweep.wall_s
    rows = {
        "sweep": (sweep, n_stages),
        "one after the other": (one_by_one, n_single_stages),
    }
    for name, (spent, n) in rows.items():
        sys.stdout.write(
            f"{name}: {spent.wall_s:.0f} s, {spent.cpu_s:.0f} CPU-seconds, "
            f"{spent.cpu_s / spent.wall_s:.2f} cores busy, {n} stages\n"
        )
    sys.stdout.write(
        f"{len(singles)} conditions: {ratio:.2f} times as fast; {stages_s / sweep.wall_s:.2f} "
        f"stages at work on the mean\n"
    )
    return 0 if ratio >= 1.6 else 1


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
