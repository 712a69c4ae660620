"""One real server and worker on loopback, started as `make serve` does."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deployments.declared import declared_deployments
from deployments.processes import Service
from tasks.runtime.process_lifetime import PROJECT

POOL = "phase-g-cpu"
USER_AND_PASSWORD = "beamline:only-for-this-test"  # noqa: S105 - of a server that this test starts
SMOKE = {"profile": "smoke", "splits": ["test"]}


class Api:
    """The REST API as the browser uses it: basic auth, a CSRF token, JSON."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(
            base_url=url, auth=tuple(USER_AND_PASSWORD.split(":")), timeout=30
        )
        self._name = str(uuid4())

    def call(self, method: str, path: str, content: Any = None) -> httpx.Response:
        asked = self._client.get("/csrf-token", params={"client": self._name})
        token = asked.raise_for_status().json()["token"]
        headers = {"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": self._name}
        while True:
            answer = self._client.request(method, path, json=content, headers=headers)
            # A busy data base asks to come again.
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return answer
            time.sleep(1)

    def get(self, path: str) -> Any:
        return self.call("GET", path).raise_for_status().json()

    def post(self, path: str, content: Any = None) -> Any:
        return self.call("POST", path, content or {}).raise_for_status().json()

    def state(self, run: dict[str, Any]) -> dict[str, Any]:
        return self.get(f"/flow_runs/{run['id']}")["state"]


@dataclass
class Site:
    """A server and a worker of this machine, with the folders that they use."""

    port: int
    folder: Path
    hubs: Path
    api: Api

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a person at this machine."""
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "PYTHONPATH": str(PROJECT),
            "COLUMNS": "200",
            "PHASE_G_STATE": str(self.folder),
            "PHASE_G_HUB_ROOT": str(self.hubs),
            "PREFECT_SERVER_API_AUTH_STRING": USER_AND_PASSWORD,
            "PREFECT_API_AUTH_STRING": USER_AND_PASSWORD,
            "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        }

    def command(
        self, module: str, *words: str, expect: int = 0, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command of this project to its end."""
        return self._run("-m", module, *words, expect=expect, **variables)

    def python(self, script: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run lines of Python to their end, with the server's address for Prefect."""
        return self._run(
            "-c", script, *words, expect=0, PREFECT_API_URL=f"http://127.0.0.1:{self.port}/api"
        )

    def _run(
        self, *words: str, expect: int, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, *words],
            env=self.environment | variables,
            capture_output=True,
            text=True,
            cwd=PROJECT,
            timeout=300,
            check=False,
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done

    def serve(self) -> str:
        """Start what does not run of server and worker, and return what is said."""
        return self.command("deployments.serve", "--port", str(self.port)).stdout

    @property
    def worker(self) -> Service:
        """The worker that `serve` has started."""
        return Service(f"worker-{POOL}", self.folder)

    def trigger(self, hub: str, slug: str = "phase-g/local", **fields: Any) -> dict[str, Any]:
        """Create a run as the form does."""
        deployment = self.api.get(f"/deployments/name/{slug}")
        content = {"parameters": {"params": SMOKE | {"hub": hub}}, "state": {"type": "SCHEDULED"}}
        return self.api.post(f"/deployments/{deployment['id']}/create_flow_run", content | fields)

    def wait_for(self, run: dict[str, Any], *names: str, within_s: float = 240) -> dict[str, Any]:
        """Wait until a run is in one of some states, and return the state."""
        self.wait_until(lambda: self.api.state(run)["name"] in names, within_s)
        return self.api.state(run)

    def log_of(self, hub: str) -> str:
        """Return what the run's log in a hub says so far."""
        path = self.hubs / hub / "cli/run_phase_g_dense.log"
        return path.read_text() if path.is_file() else ""

    def task_states(self, run: dict[str, Any]) -> dict[str, str]:
        """Return the states of the stages of a run."""
        wanted = {"flow_runs": {"id": {"any_": [run["id"]]}}}
        found = self.api.post("/task_runs/filter", wanted)
        return {task["name"].partition(".")[0]: task["state"]["name"] for task in found}

    def deploy(self) -> str:
        """Register every deployment whose flow is in this checkout, and return what is said."""
        slugs = [
            one.slug
            for one in declared_deployments()
            if (PROJECT / one.entrypoint.partition(":")[0]).is_file()
        ]
        return self.command("deployments.deploy", *slugs).stdout

    def stages_of(self, hub: str) -> dict[int, str]:
        """Return the stages that compute for a hub, by the ids of their processes."""
        folder = str((self.hubs / hub).resolve())
        found = {pid: of_process(pid, "comm") for pid in process_ids() if works_in(pid) == folder}
        return {pid: name for pid, name in found.items() if name}

    @staticmethod
    def wait_until(is_so: Callable[[], bool], within_s: float) -> None:
        """Wait until something is so, and fail if it does not become so."""
        deadline = time.monotonic() + within_s
        while not is_so():
            assert time.monotonic() < deadline, f"not within {within_s:g} s"
            time.sleep(0.3)

    @staticmethod
    def run_of(pid: int) -> int:
        """Return the process of the run that a stage's process belongs to."""
        while "tasks.runtime" in of_process(pid, "cmdline"):
            pid = int(of_process(pid, "stat").rpartition(")")[2].split()[1])
        return pid


def process_ids() -> list[int]:
    """Return the ids of all processes."""
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def of_process(pid: int, what: str) -> str:
    """Return what the kernel says of a process; nothing where it has ended or is another's."""
    try:
        return Path(f"/proc/{pid}/{what}").read_text(errors="replace").strip()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""


def works_in(pid: int) -> str:
    """Return the folder that a process stands in; nothing where it has ended or is another's."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink())
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""


def known_of(pid: int) -> str:
    """Return where a process stands, how it was called and the environment it began with."""
    return works_in(pid) + of_process(pid, "cmdline") + of_process(pid, "environ")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A server and a worker, stopped after the last test of the file: they take time idle."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("site")
    (folder / "hubs").mkdir()
    site = Site(port, folder / "state", folder / "hubs", Api(f"http://127.0.0.1:{port}/api"))
    try:
        site.serve()
        site.deploy()
        yield site
    finally:
        said = site.command("deployments.stop").stdout
        assert "The server (process" in said
        assert not [pid for pid in process_ids() if str(folder) in known_of(pid)]
