"""What all tests share: a quiet Prefect of their own, its server, whole runs, and small stages."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# Read by Prefect when it is imported, so it is set before anything else.
os.environ.setdefault("PREFECT_HOME", tempfile.mkdtemp(prefix="phase-g-tests-"))
if "PYTEST_XDIST_WORKER" in os.environ:
    # One that computes tests beside another has a data base of its own.
    os.environ["PREFECT_HOME"] += f"/{os.environ['PYTEST_XDIST_WORKER']}"
os.environ["PREFECT_LOGGING_TO_API_ENABLED"] = "false"
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

# Before TensorFlow: Prefect's logging closes the handlers that it finds, and TensorFlow's would
# close the standard error of pytest with it.
import prefect.main  # noqa: F401
import pytest
from hypothesis import HealthCheck, settings
from prefect.events.worker import EventsWorker
from prefect.settings import PREFECT_API_URL, temporary_settings
from xdist.scheduler import LoadScopeScheduling

from flows.cli.local_server import LocalServer
from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.study.hub_layout import PLAN
from tasks.core.study.stage_record import StageCall, StageFiles

settings.register_profile(
    "phase-g", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("phase-g")

PROJECT = Path(__file__).resolve().parents[1]

# The tests that mostly wait, for a server; the sweep that the last of them goes on from is made by
# another process meanwhile.
WAITS, MAKES_SWEEP = "tests/e2e/test_triggered_runs.py", "tests/study/test_dose_overlap_study.py"
# Their tests share one whole run, which any process may make or find.
ANY_PROCESS = tuple(
    f"tests/study/test_phase_g_dense_{name}.py" for name in ("orchestrator", "metrics_report")
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave slow and end-to-end tests out, unless marks or tests are named.

    Where several processes compute tests, what takes longest begins first.
    """
    if not config.option.markexpr and not any("::" in argument for argument in config.args):
        left_out = [item for item in items if any(map(item.get_closest_marker, ("slow", "e2e")))]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    """Return when a test is to begin: those of the server, which mostly wait, are the first."""
    kinds = [
        *map(item.nodeid.startswith, (WAITS, MAKES_SWEEP)),
        *map(item.get_closest_marker, ("e2e", "slow")),
    ]
    return next((rank for rank, is_so in enumerate(kinds) if is_so), len(kinds))


class ByFile(LoadScopeScheduling):
    """One process takes the tests of a file: they share what is costly."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in ANY_PROCESS else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    """Return who takes which test."""
    return ByFile(config, log)


@dataclass(frozen=True)
class Run:
    """A finished command in a hub."""

    hub: Path
    returncode: int
    stdout: str
    stderr: str


def _run_flow(module: str, hub: Path, *arguments: str, **variables: str) -> Run:
    """Run a flow's command line in a hub, with a wide terminal, and wait for it."""
    done = subprocess.run(
        [sys.executable, "-m", f"flows.{module}", "--hub", str(hub), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "COLUMNS": "200", **variables},
        cwd=PROJECT,
        check=False,
        timeout=1500,
    )
    return Run(hub, done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def run_flow() -> Callable[..., Run]:
    """Return what runs a flow in a hub."""
    return _run_flow


@pytest.fixture(scope="session")
def made_once(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Return what makes a folder; of several processes the first does, and the others wait."""
    of_process = tmp_path_factory.getbasetemp()
    parent = of_process.parent if "PYTEST_XDIST_WORKER" in os.environ else of_process

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder, finished = parent / name, parent / f"{name}.finished"
        with (parent / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not finished.exists():
                folder.mkdir()
                make(folder)
                finished.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def run_once(made_once) -> Callable[..., Run]:
    """Return what runs a flow in the hub of a name, which nobody may change, once for all."""

    def run(module: str, name: str, *arguments: str, **variables: str) -> Run:
        def make(folder: Path) -> None:
            done = _run_flow(module, folder / "hub", *arguments, **variables)
            write_json(folder / "run.json", [done.returncode, done.stdout, done.stderr])

        folder = made_once(name, make)
        done = Run(folder / "hub", *read_json(folder / "run.json"))
        assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def prefect_home(made_once) -> Path:
    """A folder with a data base of Prefect to copy: to make one takes longer than to find one."""

    def make(home: Path) -> None:
        server = _server(home)
        server.stop()

    return made_once("prefect", make)


def _server(home: Path) -> LocalServer:
    """Return a Prefect server that answers, with its data base in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(home))
        server = LocalServer()
    assert server.api_url
    return server


@pytest.fixture(scope="session")
def with_server(tmp_path_factory, prefect_home):
    """Variables that name a Prefect server, which the tests of a process share.

    A server of its own takes most of the time of a run that finds its stages done.
    """
    server = _server(shutil.copytree(prefect_home, tmp_path_factory.mktemp("server") / "home"))
    yield {"PREFECT_API_URL": server.api_url}
    server.stop()


@pytest.fixture(scope="module")
def server(with_server):
    """Let what this process does use the shared Prefect server, and send it all at the end.

    A connection that stays open would draw random numbers while other tests do.
    """
    with temporary_settings({PREFECT_API_URL: with_server["PREFECT_API_URL"]}):
        yield
        EventsWorker.drain_all()


SWEEP = ("--doses", "1e3", "1e4", "--profile", "smoke", "--splits", "test")


@pytest.fixture(scope="session")
def sweep(with_server):
    """The way to run a sweep of four conditions in a hub."""

    def run(hub: Path, *arguments: str) -> Run:
        return _run_flow("dose_overlap_study", hub, *SWEEP, *arguments, **with_server)

    return run


@pytest.fixture(scope="session")
def swept(run_once, with_server) -> Run:
    """Such a sweep; nobody changes anything in its hub."""
    return run_once("dose_overlap_study", "sweep", *SWEEP, **with_server)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261124)


@pytest.fixture
def stage_files(tmp_path: Path):
    """Make `StageFiles` from names in a temporary folder."""

    def make(
        inputs: tuple[str, ...] | dict = (), outputs: tuple[str, ...] | dict = ()
    ) -> StageFiles:
        def paths(names: tuple[str, ...] | dict) -> dict[str, Path]:
            pairs = names.items() if isinstance(names, dict) else ((name, name) for name in names)
            return {name: tmp_path / file for name, file in pairs}

        return StageFiles(paths(inputs), paths(outputs))

    return make


STAGE_MODULE = """
import os
import resource
import signal
import sys
import time
from pathlib import Path

from pydantic import BaseModel


class Params(BaseModel):
    text: str = "hello"
    seconds: float = 0.0


def write(params: Params, files, progress):
    print("writing", params.text)
    progress(1, 2, "half way")
    source = files.inputs["source"].read_text() if "source" in files.inputs else ""
    files.outputs["result"].parent.mkdir(parents=True, exist_ok=True)
    files.outputs["result"].write_text(source + params.text)
    progress(2, 2, "all of it")
    return {"length_px": len(params.text)}


def where(params: Params, files, progress):
    files.outputs["result"].parent.mkdir(parents=True, exist_ok=True)
    files.outputs["result"].write_text(str(Path.cwd()))
    return {}


def tell_fingerprint(params: Params, files, progress):
    files.outputs["result"].parent.mkdir(parents=True, exist_ok=True)
    files.outputs["result"].write_text(files.fingerprint)
    return {}


def borrow_memory(params: Params, files, progress):
    def borrow():
        return len(b"x" * 2**27)

    borrow()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(8):
        borrow()
    fetched = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    files.outputs["result"].parent.mkdir(parents=True, exist_ok=True)
    files.outputs["result"].write_text(str(fetched))
    return {}


def forget(params: Params, files, progress):
    return {}


def reject(params: Params, files, progress):
    print("about to fail")
    raise ValueError(f"Expected something else, got {params.text}.")


def lose_disk(params: Params, files, progress):
    counter = files.outputs["result"].with_suffix(".count")
    counter.parent.mkdir(parents=True, exist_ok=True)
    tries = int(counter.read_text()) + 1 if counter.exists() else 1
    counter.write_text(str(tries))
    if tries < 2:
        raise OSError(28, "No space left on device")
    return write(params, files, progress)


def die(params: Params, files, progress):
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(params: Params, files, progress):
    marker = files.outputs["result"].with_suffix(".pid")
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text(str(os.getpid()))
    time.sleep(params.seconds)
    return write(params, files, progress)
"""


@pytest.fixture
def stage_module(tmp_path, monkeypatch) -> str:
    """Make a module of small stage functions that child processes can import."""
    folder = tmp_path / "stage_modules"
    folder.mkdir()
    name = f"stages_of_{tmp_path.name}"
    (folder / f"{name}.py").write_text(STAGE_MODULE)
    paths = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    monkeypatch.setenv("PYTHONPATH", paths)
    monkeypatch.syspath_prepend(str(folder))
    return name


@pytest.fixture
def make_call(stage_module):
    """Make a stage call on the small stage functions."""

    def make(function: str, stage: str = "stage", **changes) -> StageCall:
        fields = {
            "stage": stage,
            "phase": "C",
            "function": f"{stage_module}:{function}",
            "params": {"text": "hello", "seconds": 0.0},
            "inputs": {},
            "outputs": {"result": f"data/{stage}.txt"},
            "manifest": f"data/{stage}.manifest.json",
            "timeout_s": 60,
        }
        return StageCall.model_validate(fields | changes)

    return make


@pytest.fixture(scope="session")
def put_plan():
    """Return the function that writes the plan of a run of one stage into a hub."""

    def put(hub: Path, outputs: dict[str, str] | None = None, **changes: object) -> None:
        stage = {
            "stage": "compare",
            "phase": "G",
            "function": "tasks.compare.stage:compare",
            "params": {},
            "inputs": {},
            "outputs": outputs or {},
            "manifest": "analysis/manifest.json",
            "timeout_s": 60.0,
            "log": "cli/compare.log",
            "cache_key": None,
        }
        plan = {
            "schema_version": 1,
            "written_at": "2026-11-25T01:02:03Z",
            "parameters": {},
            "versions": {},
            "stages": [stage],
        }
        write_json(hub / PLAN, plan | changes)

    return put


@pytest.fixture
def planned_hub(tmp_path):
    """Make a hub whose plan holds some calls."""

    def make(*calls: StageCall) -> Path:
        hub = tmp_path / "hub"
        write_json(hub / PLAN, {"stages": [call.model_dump(mode="json") for call in calls]})
        return hub

    return make
