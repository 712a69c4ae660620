import os
import platform
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextvars import ContextVar

import pytest

from tasks.core.files.atomic_files import read_json, sha256_of
from tasks.core.study.stage_record import StageRecord
from tasks.runtime.errors import HubBusyError, RunStoppedError, StageFailedError
from tasks.runtime.forks import FEWEST_STAGES
from tasks.runtime.lock import hub_lock, refuse_busy_hub
from tasks.runtime.run_session import CoreSlots, StageEvent, current_session, hub_session
from tasks.runtime.stage_runner import run_stage

RUN: ContextVar[str] = ContextVar("run")
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="stages are forked on Linux alone")
HOW_STAGES_START = ["anew", pytest.param("forked", marks=ON_LINUX)]


@pytest.fixture(params=HOW_STAGES_START)
def stages_of(request):
    """Return the stages of a session in which one starts anew, or is forked from a server."""
    return lambda call: [call] * FEWEST_STAGES if request.param == "forked" else [call]


@pytest.fixture
def run(stages_of):
    def run_it(hub, call, lines=None, events=None):
        emit = (events if events is not None else []).append
        on_line = (lines if lines is not None else []).append
        with hub_session(hub, emit, stages_of(call)) as session:
            return run_stage(session, call, "key", on_line=on_line)

    return run_it


def test_a_stage_writes_its_files_its_record_and_its_log(run, make_call, planned_hub):
    call = make_call("write")
    hub = planned_hub(call)
    lines, events = [], []
    record = run(hub, call, lines, events)
    assert record == StageRecord.model_validate(read_json(hub / call.manifest))
    assert record.outputs["result"].sha256 == sha256_of(hub / "data/stage.txt")
    assert record.facts == {"length_px": 5}
    assert record.cache_key == "key"
    assert record.peak_memory_mib > 5
    assert record.is_intact(hub)
    assert lines == ["writing hello", "1/2  half way", "2/2  all of it"]
    logged = (hub / "cli/stage.log").read_text().splitlines()
    assert logged[1:-1] == lines
    assert logged[-1].endswith("Z ended well")
    assert StageEvent("stage", "progress", "half way", 1, 2) in events


def test_lines_of_a_stage_are_told_in_the_context_of_who_runs_it(run, make_call, planned_hub):
    """Prefect finds its run and its server there."""
    seen = set()

    class Context(list):
        def append(self, _line):
            seen.add(RUN.get("no run"))

    call = make_call("write")
    token = RUN.set("this run")
    run(planned_hub(call), call, Context())
    RUN.reset(token)
    assert seen == {"this run"}


def test_a_stage_is_told_the_fingerprint_of_what_it_is_run_for(run, make_call, planned_hub):
    call = make_call("tell_fingerprint")
    hub = planned_hub(call)
    run(hub, call)
    assert (hub / "data/stage.txt").read_text() == "key"
    subprocess.run(
        [sys.executable, "-m", "tasks.runtime.stage_process", hub, call.stage], check=True
    )
    assert (hub / "data/stage.txt").read_text() == ""


def test_a_folder_without_a_plan_or_a_stage_that_it_lacks_is_refused_in_words(
    make_call, planned_hub, tmp_path
):
    hub = planned_hub(make_call("write"))
    for folder, words in ((tmp_path / "none", "is no hub"), (hub, "has no stage 'other'")):
        command = [sys.executable, "-m", "tasks.runtime.stage_process", folder, "other"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_a_stage_stands_in_the_hub_wherever_the_run_was_started(
    run, make_call, planned_hub, tmp_path, monkeypatch
):
    call = make_call("where")
    hub = planned_hub(call)
    (tmp_path / "elsewhere/tasks").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    run(hub, call)
    assert (hub / "data/stage.txt").read_text() == str(hub.resolve())


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="GNU's allocator is asked for it")
def test_memory_that_a_stage_frees_stays_with_it(run, make_call, planned_hub):
    call = make_call("borrow_memory")
    hub = planned_hub(call)
    run(hub, call)
    pages_of_one_array = 2**27 // os.sysconf("SC_PAGE_SIZE")
    assert int((hub / "data/stage.txt").read_text()) < pages_of_one_array


def test_a_stage_that_refuses_its_input_says_why_and_is_not_tried_again(
    run, make_call, planned_hub
):
    call = make_call("reject")
    hub = planned_hub(call)
    with pytest.raises(StageFailedError, match="Expected something else, got hello") as caught:
        run(hub, call)
    assert caught.value.exception == "ValueError"
    assert not caught.value.is_transient
    assert "about to fail" in caught.value.log_tail
    assert caught.value.command == "python -m tasks.runtime.stage_process . stage"
    assert not (hub / call.manifest).exists()


@pytest.mark.parametrize(("function", "kind"), [("lose_disk", "OSError"), ("die", "SIGKILL")])
def test_transient_failures_are_worth_another_try(run, function, kind, make_call, planned_hub):
    call = make_call(function)
    with pytest.raises(StageFailedError) as caught:
        run(planned_hub(call), call)
    assert caught.value.exception == kind
    assert caught.value.is_transient


def test_a_stage_that_takes_too_long_is_killed(run, make_call, planned_hub, is_alive):
    call = make_call("sleep", params={"seconds": 60}, timeout_s=3)
    hub = planned_hub(call)
    start = time.monotonic()
    with pytest.raises(StageFailedError, match="killed after 3 s") as caught:
        run(hub, call)
    assert caught.value.is_transient
    assert time.monotonic() - start < 20
    assert not is_alive(int((hub / "data/stage.pid").read_text()))


def test_an_output_that_was_not_written_is_an_error(run, make_call, planned_hub):
    call = make_call("forget")
    with pytest.raises(StageFailedError, match=r"ended without writing data/stage\.txt"):
        run(planned_hub(call), call)


def test_an_input_that_is_missing_is_named(run, make_call, planned_hub):
    call = make_call("write", inputs={"source": "data/none.txt"})
    with pytest.raises(StageFailedError, match=r"needs data/none\.txt: run the flow again"):
        run(planned_hub(call), call)


def test_the_end_of_a_session_kills_what_runs_and_starts_nothing_more(
    make_call, planned_hub, stages_of, is_alive, wait_until
):
    call = make_call("sleep", params={"seconds": 60})
    hub = planned_hub(call)
    failures = []

    def work(session):
        try:
            run_stage(session, call, "key", on_line=str)
        except StageFailedError as error:
            failures.append(error)

    with hub_session(hub, calls=stages_of(call)) as session:
        thread = threading.Thread(target=work, args=(session,))
        thread.start()
        wait_until((hub / "data/stage.pid").is_file)
        wait_until((hub / "data/stage.pid").read_text)
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert failures[0].exception == "SIGKILL"
    assert not is_alive(int((hub / "data/stage.pid").read_text()))
    with pytest.raises(RunStoppedError):
        run_stage(session, call, "key", on_line=str)


def test_the_death_of_a_run_kills_its_stages(
    make_call, planned_hub, stages_of, is_alive, wait_until
):
    call = make_call("sleep", params={"seconds": 60})
    hub = planned_hub(call)
    script = textwrap.dedent(f"""
        from pathlib import Path
        from tasks.core.study.stage_record import StageCall
        from tasks.runtime.stage_runner import run_stage
        from tasks.runtime.run_session import hub_session
        call = StageCall.model_validate_json({call.model_dump_json()!r})
        with hub_session(Path({str(hub)!r}), calls=[call] * {len(stages_of(call))}) as session:
            run_stage(session, call, "key", on_line=str)
    """)
    parent = subprocess.Popen([sys.executable, "-c", script])
    marker = hub / "data/stage.pid"
    wait_until(lambda: marker.is_file() and marker.read_text())
    child = int(marker.read_text())
    assert is_alive(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_until(lambda: not is_alive(child), timeout_s=5)


def test_stages_need_a_session():
    with pytest.raises(RuntimeError, match="with hub_session"):
        current_session()


def test_a_free_core_goes_to_the_first_of_the_plan():
    slots, started = CoreSlots(1), []

    def work(rank):
        with slots.taken(rank):
            started.append(rank)

    with slots.taken(0):
        threads = [threading.Thread(target=work, args=(rank,)) for rank in (3, 1, 2)]
        for thread in threads:
            thread.start()
            time.sleep(0.05)
    for thread in threads:
        thread.join()
    assert started == [1, 2, 3]


def test_as_many_stages_run_as_there_are_cores():
    slots, together, most = CoreSlots(2), [], []

    def work(rank):
        with slots.taken(rank):
            together.append(rank)
            most.append(len(together))
            time.sleep(0.02)
            together.remove(rank)

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 2


def test_a_second_run_in_a_hub_is_refused_at_once(tmp_path):
    with hub_lock(tmp_path):
        with pytest.raises(HubBusyError, match=f"process {os.getpid()}.*another folder with --hub"):
            refuse_busy_hub(tmp_path)
        with pytest.raises(HubBusyError), hub_lock(tmp_path):
            pass
    refuse_busy_hub(tmp_path)


def test_the_lock_of_a_killed_run_is_free(tmp_path):
    script = (
        "import sys, time; from pathlib import Path; from tasks.runtime.lock import hub_lock\n"
        f"with hub_lock(Path({str(tmp_path)!r})):\n    print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(HubBusyError):
        refuse_busy_hub(tmp_path)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    refuse_busy_hub(tmp_path)
