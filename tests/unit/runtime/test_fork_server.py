import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from tasks.core.study.device import Backend
from tasks.core.study.stage_record import StageCall
from tasks.networks.architectures import UnrolledArchitecture
from tasks.reconstruct.params import PtyChiParams
from tasks.runtime.forked_stage import signal_group
from tasks.runtime.forks import FEWEST_STAGES, FORKS_VARIABLE, Forks, ForkServer
from tasks.runtime.run_session import hub_session
from tasks.runtime.stage_loading import kind_of
from tasks.runtime.stage_runner import run_stage
from tasks.train.params import TrainingParams

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="stages are forked on Linux alone")


@pytest.fixture
def server(stage_module):
    server = ForkServer([stage_module], None)
    yield server
    server.close()


def test_a_stage_is_a_process_of_its_own_whose_end_is_told(server, make_call, planned_hub):
    call = make_call("write")
    hub = planned_hub(call)
    assert server.refusal() is None
    with server.fork(hub, call.stage, "key") as process:
        assert os.getpgid(process.pid) == process.pid != os.getpgid(os.getpid())
        assert "writing hello" in process.stdout.read()
        assert process.wait(timeout=20) == 0
        assert process.poll() == 0
    assert (hub / "data/stage.txt").read_text() == "hello"


def test_several_stages_run_side_by_side_and_end_as_they_end(server, make_call, planned_hub):
    quick, slow = make_call("reject", "quick"), make_call("sleep", "slow", params={"seconds": 60})
    hub = planned_hub(quick, slow)
    with server.fork(hub, "slow", "key") as other, server.fork(hub, "quick", "key") as first:
        assert first.wait(timeout=20) == 1
        assert "ValueError: Expected something else" in first.stdout.read()
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(timeout=0.1)
        assert Path(f"/proc/{other.pid}/comm").read_text() == "slow\n"
        assert other.poll() is None
        signal_group(other, signal.SIGKILL)
        assert other.wait(timeout=20) == -signal.SIGKILL


def test_all_who_wait_learn_of_the_end(server, make_call, planned_hub):
    call = make_call("sleep", params={"seconds": 60})
    codes = []
    with server.fork(planned_hub(call), call.stage, "key") as process:
        threads = [threading.Thread(target=lambda: codes.append(process.wait())) for _ in range(4)]
        for thread in threads:
            thread.start()
        signal_group(process, signal.SIGKILL)
        for thread in threads:
            thread.join(timeout=20)
    assert codes == [-signal.SIGKILL] * 4


NO_FORK = """
import os
def fork():
    raise BlockingIOError(11, "Resource temporarily unavailable")
os.fork = fork
"""


def test_a_server_that_cannot_fork_says_so_and_stays(make_call, planned_hub, tmp_path):
    call = make_call("write")
    (tmp_path / "stage_modules/no_fork.py").write_text(NO_FORK)
    server = ForkServer([call.function.partition(":")[0], "no_fork"], None)
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError, match="Resource temporarily unavailable"):
            server.fork(planned_hub(call), call.stage, "key")
    assert server.refusal() is None
    server.close()


def test_a_server_takes_its_stages_along_and_forks_no_more(
    server, make_call, planned_hub, is_alive, wait_until
):
    call = make_call("sleep", params={"seconds": 60})
    hub = planned_hub(call)
    with server.fork(hub, call.stage, "key") as process:
        server.close()
        assert process.wait(timeout=20) == -signal.SIGKILL
        wait_until(lambda: not is_alive(process.pid))
    with pytest.raises(OSError):
        server.fork(hub, call.stage, "key")


def test_a_stage_whose_server_has_died_starts_anew(make_call, planned_hub):
    call = make_call("write")
    hub = planned_hub(call)
    with hub_session(hub, calls=[call, call]) as session:
        server = session.forks.server_for(call)
        server._process.kill()
        server._process.wait()
        lines = []
        record = run_stage(session, call, "key", on_line=lines.append)
    assert record.is_intact(hub)
    assert lines[0].startswith("Not forked but started anew: ")


def test_a_stage_whose_modules_cannot_be_loaded_starts_anew_and_says_why(make_call, planned_hub):
    call = make_call("write").model_copy(update={"function": "no_such_module_here:write"})
    hub = planned_hub(call)
    lines = []
    with hub_session(hub, calls=[call, call]) as session:
        assert session.forks.server_for(call) is None
        with pytest.raises(Exception, match="no_such_module_here"):
            run_stage(session, call, "key", on_line=lines.append)
    assert any("ModuleNotFoundError" in line for line in lines)


def test_the_server_of_a_killed_run_ends(stage_module, tmp_path, is_alive, wait_until):
    script = textwrap.dedent(f"""
        import time
        from tasks.runtime.forks import ForkServer
        server = ForkServer([{stage_module!r}], None)
        assert server.refusal() is None
        print(server._process.pid, flush=True)
        time.sleep(60)
    """)
    run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    server = int(run.stdout.readline())
    assert is_alive(server)
    run.kill()
    run.wait()
    run.stdout.close()
    wait_until(lambda: not is_alive(server), timeout_s=5)


def test_the_end_of_a_session_ends_its_servers(make_call, planned_hub, is_alive):
    call = make_call("write")
    with hub_session(planned_hub(call), calls=[call, call]) as session:
        run_stage(session, call, "key", on_line=str)
        server = session.forks.server_for(call)
        assert is_alive(server._process.pid)
    assert not is_alive(server._process.pid)
    assert session.forks.server_for(call) is None


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        ("", "None"),
        (
            "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
            "its modules have started 1 threads",
        ),
        (
            "fork_server._GPU = re.compile('/dev/zero'); gpu = open('/dev/zero')",
            "its modules have opened /dev/zero",
        ),
        ("os.pidfd_open = lambda _pid: os.open('/none', 0)", "this kernel has no pidfd_open"),
    ],
)
def test_a_process_is_forked_only_while_a_copy_of_it_is_sound(statements, reason):
    assert refusal_in(statements).startswith(reason)


def test_a_stage_whose_server_refuses_starts_anew(make_call, planned_hub, tmp_path):
    call = make_call("write")
    name = call.function.partition(":")[0]
    with (tmp_path / "stage_modules" / f"{name}.py").open("a") as module:
        module.write("import threading\n")
        module.write("threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n")
    hub = planned_hub(call)
    lines = []
    with hub_session(hub, calls=[call, call]) as session:
        run_stage(session, call, "key", on_line=lines.append)
    assert lines[0] == "Not forked but started anew: its modules have started 1 threads."
    assert lines[1] == "writing hello"


def refusal_in(statements):
    script = (
        "import os, re, threading, time\n"
        "from tasks.runtime import fork_server\n"
        f"{statements}\n"
        "print(fork_server.refusal())\n"
        "os._exit(0)  # threads or not"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout


def stage(function, name, **params):
    return StageCall(
        stage=name,
        phase="C",
        function=function,
        params=params,
        inputs={},
        outputs={},
        manifest=f"{name}.json",
        timeout_s=1,
    )


def test_frameworks_have_servers_of_their_own():
    train = "tasks.train.stage:train"
    assert kind_of(stage(train, "t", backend="torch")) == "torch"
    assert kind_of(stage(train, "t", backend="tensorflow")) == "tensorflow"
    assert kind_of(stage("tasks.reconstruct.ptychi_stage:iterate", "i")) == "solver"
    assert kind_of(stage("tasks.views.stage:select_view", "v")) == "plain"


class Recorded:
    """A server that only remembers what it was to load."""

    def __init__(self, modules, backend):
        self.loads = (modules, backend)

    def refusal(self):
        return None

    def close(self):
        pass


def test_only_servers_that_pay_are_started_once_and_for_what_still_comes(monkeypatch):
    monkeypatch.setattr("tasks.runtime.forks.ForkServer", Recorded)
    view = stage("tasks.views.stage:select_view", "view")
    train = [stage("tasks.train.stage:train", f"train{n}", backend="tensorflow") for n in (1, 2)]
    solve = [stage("tasks.reconstruct.ptychi_stage:iterate", f"solve{n}") for n in (1, 2)]
    compare = [stage("tasks.compare.stage:compare", f"compare{n}") for n in (1, 2)]
    forks = Forks([view, *train, *solve, *compare])
    assert forks.server_for(view).loads == (["tasks.views.stage", "tasks.compare.stage"], None)
    assert forks.server_for(train[0]).loads == (["tasks.train.stage"], "tensorflow")
    assert forks.server_for(train[1]) is forks.server_for(train[0])
    assert forks.server_for(solve[0]).loads == (["tasks.reconstruct.ptychi_stage"], None)
    late = Forks([view, *train, *solve, *compare])
    assert late.server_for(compare[0]).loads == (["tasks.compare.stage"], None)
    assert late.server_for(solve[1]) is late.server_for(compare[1])
    assert Forks([view, *solve[:1]]).server_for(solve[0]) is None
    assert Forks(solve).server_for(compare[0]) is None


def test_forks_can_be_switched_off(monkeypatch, stage_module, make_call):
    monkeypatch.setenv(FORKS_VARIABLE, "0")
    call = make_call("write")
    assert Forks([call, call]).server_for(call) is None


def on_wide_scan(function, params, outputs):
    return StageCall(
        stage="stage",
        phase="E",
        function=function,
        params=params.model_dump(mode="json"),
        inputs={"scan": "train.cxi", "view": "train.json"},
        outputs={name: f"made/{file}" for name, file in outputs.items()},
        manifest="made/manifest.json",
        timeout_s=300,
    )


TINY = UnrolledArchitecture(passes=1, channels=(4, 4))
TRAINED = {"model": "json", "history": "csv", "learning_curve": "png", "weights": "weights.h5"}
SOLVED = ("reconstruction", "iterates", "history", "options")


@pytest.mark.slow
@pytest.mark.parametrize(
    "call",
    [
        *(
            on_wide_scan(
                "tasks.train.stage:train",
                TrainingParams(n_steps=20, group_size=9, architecture=TINY, backend=backend),
                {name: f"{name}.{suffix}" for name, suffix in TRAINED.items()},
            )
            for backend in Backend
        ),
        on_wide_scan(
            "tasks.reconstruct.ptychi_stage:iterate",
            PtyChiParams(n_epochs=6),
            {name: f"{name}.out" for name in SOLVED},
        ),
    ],
    ids=[*Backend, "pty-chi"],
)
def test_a_forked_stage_writes_what_a_new_process_writes(call, wide_scan, planned_hub):
    """Modules that were loaded elsewhere change no bit of it."""
    made = []
    for calls in ([], [call] * FEWEST_STAGES):
        hub = planned_hub(call)
        for name in call.inputs.values():
            shutil.copy(wide_scan / name, hub / name)
        with hub_session(hub, calls=calls) as session:
            assert (session.forks.server_for(call) is None) == (not calls)
            record = run_stage(session, call, "key", on_line=str)
        made.append((record.outputs, record.versions))
        shutil.rmtree(hub)
    assert made[0] == made[1]
