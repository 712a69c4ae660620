"""One whole run of the smoke profile, shared by the tests of this folder."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from flows.cli.local_server import LocalServer
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


def environment(**variables: str) -> dict[str, str]:
    """Return an environment in which every message goes where the test looks."""
    return {**os.environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "200", **variables}


def run_phase_g(hub: Path, *arguments: str, **variables: str) -> Run:
    """Run Phase G in a hub and wait for it."""
    done = subprocess.run(
        command(hub, *arguments),
        capture_output=True,
        text=True,
        env=environment(**variables),
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
    """A run of the smoke profile from nothing to its deltas; nobody changes anything in its hub.

    Of several processes that compute tests the first makes it, and the others wait for it.
    """
    of_process = tmp_path_factory.getbasetemp()
    folder = of_process.parent if "PYTEST_XDIST_WORKER" in os.environ else of_process
    hub, told = folder / "smoke_run/hub", folder / "smoke_run/told.json"
    told.parent.mkdir(exist_ok=True)
    with told.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        run = Run(hub, *json.loads(text)) if text else run_phase_g(hub)
        if not text:
            json.dump((run.returncode, run.stdout, run.stderr), file)
    assert run.returncode == 0, run.stderr
    return run


@pytest.fixture(scope="session")
def with_server(tmp_path_factory):
    """Variables that name a Prefect server, which all runs but a first one share.

    A server of its own takes most of the time of a run that finds its stages done.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("server")))
        server = LocalServer()
    yield {"PREFECT_API_URL": server.api_url}
    server.stop()


@pytest.fixture(scope="session")
def phase_g(with_server):
    """The way to run Phase G again."""
    return partial(run_phase_g, **with_server)


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
