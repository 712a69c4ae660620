"""One whole run of the smoke profile, shared by the tests of this folder."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks.core.study.stage_record import PUBLISH_DELTAS, VERIFY_EVIDENCE

PROJECT = Path(__file__).resolve().parents[2]
DOSE = "1e4"


@dataclass(frozen=True)
class Run:
    """A finished command in a hub."""

    hub: Path
    returncode: int
    stdout: str
    stderr: str


def command(hub: Path, *arguments: str) -> list[str]:
    """Return the command line of a smoke run."""
    fixed = ["--hub", str(hub), "--profile", "smoke", "--dose", DOSE]
    return [sys.executable, "-m", "flows.phase_g", *fixed, *arguments]


def environment() -> dict[str, str]:
    """Return an environment in which every message goes where the test looks."""
    return {**os.environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "200"}


def run_phase_g(hub: Path, *arguments: str) -> Run:
    """Run Phase G in a hub and wait for it."""
    done = subprocess.run(
        command(hub, *arguments),
        capture_output=True,
        text=True,
        env=environment(),
        cwd=PROJECT,
        check=False,
        timeout=1500,
    )
    return Run(hub, done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def stages_started():
    """Return the function that takes from a log the stages that were started."""

    def started(text: str) -> list[str]:
        found = re.findall(r"^\S+ (.+): started", text, flags=re.MULTILINE)
        return [name for name in found if name not in (PUBLISH_DELTAS, VERIFY_EVIDENCE)]

    return started


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory) -> Run:
    """A run of the smoke profile from nothing to its deltas."""
    run = run_phase_g(tmp_path_factory.mktemp("study") / "hub")
    assert run.returncode == 0, run.stderr
    return run


@pytest.fixture(scope="session")
def phase_g():
    """The way to run Phase G again."""
    return run_phase_g


@pytest.fixture(scope="session")
def start_phase_g():
    """The way to start Phase G without waiting for it."""

    def start(hub: Path, log: Path) -> "subprocess.Popen[bytes]":
        with log.open("ab") as output:
            return subprocess.Popen(
                command(hub),
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment(),
                cwd=PROJECT,
                start_new_session=True,
                # Shells start background jobs deaf to Ctrl-C, and children inherit that.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    return start
