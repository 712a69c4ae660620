"""How much faster a sweep is than its conditions one after the other, each a run of its own.

    python tests/benchmarks/sweep_speed.py FOLDER [--doses 1e3 1e4 1e5] [--profile smoke] [OPTIONS]

Runs both in new hubs of a folder, with further options of `python -m flows.phase_g` for both. It is
no test: it takes many minutes. On a machine with other work the clock tells little; that the same
stages compute for longer at one time than at another tells by how much the machine was slower
then, and is taken out in the last figure. What they load is no part of that: a sweep loads less.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import PLAN
from tasks.runtime.process_lifetime import PROJECT

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


def stage_times(hub: Path) -> dict[str, float]:
    """Return how long every stage held a core [s], the start of its process too, by its name."""
    started, times = {}, {}
    for log in sorted((hub / "cli").glob("*.log")):
        for line in log.read_text(encoding="utf-8").splitlines():
            found = re.fullmatch(r"# (\S+Z) (.*)", line)
            if found and found[2] == log.stem:
                started[log.stem] = datetime.fromisoformat(found[1])
            elif found and found[2] == "ended well":
                held = datetime.fromisoformat(found[1]) - started[log.stem]
                times[log.stem] = held.total_seconds()
    return times


def own_times(hub: Path) -> dict[str, float]:
    """Return how long every stage computed by itself [s], by its name."""
    stages = read_json(hub / PLAN)["stages"]
    return {stage["stage"]: read_json(hub / stage["manifest"])["wall_s"] for stage in stages}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--doses", nargs="+", default=["1e3", "1e4", "1e5"])
    parser.add_argument("--profile", default="smoke")
    asked, options = parser.parse_known_args()
    fixed = ["--profile", asked.profile, "--splits", "test", *options]
    folder = asked.folder.resolve()
    hub = folder / "sweep"
    sweep = run("flows.dose_overlap_study", ["--hub", str(hub), *fixed, "--doses", *asked.doses])
    in_sweep = own_times(hub)
    singles, held_s, pairs = [], 0.0, []
    for dose in asked.doses:
        for view in VIEWS:
            alone = folder / f"alone-{dose}-{view}"
            words = ["--hub", str(alone), *fixed, "--dose", dose, "--view", view]
            singles.append(run("flows.phase_g", words))
            held_s += sum(stage_times(alone).values())
            times = own_times(alone)
            pairs += [(in_sweep[name], time_s) for name, time_s in times.items() if "." in name]
    one_by_one = Spent(sum(one.wall_s for one in singles), sum(one.cpu_s for one in singles))
    say("sweep", sweep, sum(stage_times(hub).values()))
    say("one after the other", one_by_one, held_s)
    ratio = one_by_one.wall_s / sweep.wall_s
    slowness = sum(pair[0] for pair in pairs) / sum(pair[1] for pair in pairs)
    sys.stdout.write(
        f"{len(singles)} conditions: {ratio:.2f} times as fast on the clock. The same stages "
        f"computed {slowness:.2f} times as long in the sweep as alone: on a machine of constant "
        f"speed {ratio * slowness:.2f} times as fast\n"
    )
    return 0


def say(name: str, spent: Spent, held_s: float) -> None:
    """Print what was spent, and how many stages were at work on the mean."""
    sys.stdout.write(
        f"{name}: {spent.wall_s:.0f} s, {spent.cpu_s:.0f} CPU-seconds, "
        f"{spent.cpu_s / spent.wall_s:.2f} cores had, {held_s / spent.wall_s:.2f} stages at work\n"
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
