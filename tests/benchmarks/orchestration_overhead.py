"""What a run takes beside its stages: `python tests/benchmarks/orchestration_overhead.py FOLDER`.

It runs one profile from the command line and, where a server answers, triggers it on a worker
(`make serve` first), each in a new hub, and prints the seconds from the command to its end, those
in which a stage was at work, and the difference.
"""

import argparse
import re
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient

from deployments.connection import connected
from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import PLAN, RUN_LOG
from tasks.runtime.process_lifetime import PROJECT

POLL_S = 0.2
LINE = re.compile(r"^(\S+Z) (.+): (started|done in ([0-9.]+) s)")


def busy_s(hub: Path) -> float:
    """Return how long at least one stage was at work [s]: the union of their times.

    The publication and the verification of the evidence are among them.
    """
    spans = []
    for line in (hub / RUN_LOG).read_text().splitlines():
        found = LINE.match(line)
        if found and found[4]:
            end = datetime.fromisoformat(found[1])
            spans.append((end - timedelta(seconds=float(found[4])), end))
    total, reached = timedelta(), min(start for start, _ in spans)
    for start, end in sorted(spans):
        total += max(timedelta(), end - max(start, reached))
        reached = max(reached, end)
    return total.total_seconds()


def own_s(hub: Path) -> float:
    """Return what the stages took by themselves, without their processes [s]."""
    stages = read_json(hub / PLAN)["stages"]
    return sum(float(read_json(hub / stage["manifest"])["wall_s"]) for stage in stages)


def run_here(hub: Path, profile: str) -> float:
    """Run a profile from the command line and return its seconds."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "flows.phase_g", "--hub", str(hub), "--profile", profile]
    subprocess.run(command, check=True, cwd=PROJECT)
    return time.perf_counter() - start


def run_triggered(client: SyncPrefectClient, hub: str, profile: str) -> float:
    """Trigger a run on a worker and return the seconds until it is over."""
    deployment = client.read_deployment_by_name("phase-g/local")
    start = time.perf_counter()
    run = client.create_flow_run_from_deployment(
        deployment.id, parameters={"params": {"hub": hub, "profile": profile}}
    )
    while True:
        state = client.read_flow_run(run.id).state
        if state is not None and state.is_final():
            break
        time.sleep(POLL_S)
    if not state.is_completed():
        raise SystemExit(f"The run ended as {state.name}: {state.message}")
    return time.perf_counter() - start


def show(way: str, wall_s: float, hub: Path) -> None:
    """Print one line of the table."""
    busy = busy_s(hub)
    line = f"{way:<10} wall {wall_s:6.1f} s   stages at work {busy:6.1f} s   "
    line += f"overhead {wall_s - busy:5.1f} s   sum of the stages' own {own_s(hub):6.1f} s"
    sys.stdout.write(f"{line}\n")


def main() -> None:
    """Measure both ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="new hubs are made here; the worker's hub root")
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--way", choices=("local", "triggered", "both"), default="both")
    asked = parser.parse_args()
    stamp = f"{datetime.now():%H%M%S}"
    if asked.way != "triggered":
        hub = asked.folder.absolute() / f"local-{stamp}"
        show("local", run_here(hub, asked.profile), hub)
    if asked.way != "local":
        hub = asked.folder.absolute() / f"triggered-{stamp}"
        with connected() as client:
            show("triggered", run_triggered(client, str(hub), asked.profile), hub)


if __name__ == "__main__":
    main()
