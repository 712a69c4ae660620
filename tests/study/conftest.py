"""One whole run of the smoke profile, shared by the tests of this folder."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.core.study.stage_record import PUBLISH_DELTAS, VERIFY_EVIDENCE

PROJECT = Path(__file__).resolve().parents[2]
SMOKE = ("--profile", "smoke", "--dose", "1e4")


@pytest.fixture(scope="session")
def stages_started():
    """Return the function that takes from a log the stages that were started."""

    def started(text: str) -> list[str]:
        found = re.findall(r"^\S+ (.+): started", text, flags=re.MULTILINE)
        return [name for name in found if name not in (PUBLISH_DELTAS, VERIFY_EVIDENCE)]

    return started


@pytest.fixture(scope="session")
def smoke_run(run_once):
    """A run of the smoke profile from nothing to its deltas; nobody changes anything in its hub.

    It alone has a server of its own, as a run without any has.
    """
    return run_once("phase_g", "smoke_run", *SMOKE)


@pytest.fixture(scope="session")
def phase_g(run_flow, with_server):
    """The way to run Phase G in a hub."""

    def run(hub, *arguments, **variables):
        return run_flow("phase_g", hub, *SMOKE, *arguments, **with_server, **variables)

    return run


@pytest.fixture(scope="session")
def start_phase_g(with_server):
    """The way to start Phase G without waiting for it."""

    def start(hub: Path, log: Path) -> "subprocess.Popen[bytes]":
        with log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "flows.phase_g", "--hub", str(hub), *SMOKE],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(PROJECT), **with_server},
                cwd=PROJECT,
                start_new_session=True,
                # Shells start background jobs deaf to Ctrl-C, and children inherit that.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    return start
