"""Who may work in the hub of a sweep: workers beside each other, a run alone, a stage once."""

import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import numpy as np
import pytest

from flows.params.run import PhaseGParams
from flows.params.sweep import SweepParams
from flows.planning.plan import make_plan, make_sweep_plan
from flows.runners.local import worker_params
from tasks.core.files.atomic_files import sha256_of
from tasks.runtime.errors import BadInputError, HubBusyError, RunStoppedError
from tasks.runtime.lock import hub_lock, refuse_busy_hub, stage_lock, worker_lock
from tasks.runtime.run_session import available_cores


def test_workers_share_a_hub_while_they_are_admitted(tmp_path):
    with hub_lock(tmp_path) as lock:
        with pytest.raises(HubBusyError, match="Start the sweep again"), worker_lock(tmp_path):
            pass
        with lock.workers_admitted(), worker_lock(tmp_path), worker_lock(tmp_path):
            with pytest.raises(HubBusyError, match="Another run"):
                refuse_busy_hub(tmp_path)
            with pytest.raises(HubBusyError, match="Another run"), hub_lock(tmp_path):
                pass
        with pytest.raises(HubBusyError), worker_lock(tmp_path):
            pass


def test_a_sweep_does_not_end_while_a_worker_is_at_work(tmp_path):
    with (
        hub_lock(tmp_path) as lock,
        ExitStack() as at_work,
        pytest.raises(HubBusyError, match="still at work"),
        lock.workers_admitted(),
    ):
        at_work.enter_context(worker_lock(tmp_path))


def fail_with_a_worker_at_work(lock, hub, at_work):
    with lock.workers_admitted():
        at_work.enter_context(worker_lock(hub))
        raise KeyError("the reason")


def test_what_stopped_a_sweep_is_told_though_a_worker_is_at_work(tmp_path):
    with (
        hub_lock(tmp_path) as lock,
        ExitStack() as at_work,
        pytest.raises(KeyError, match="the reason"),
    ):
        fail_with_a_worker_at_work(lock, tmp_path, at_work)


def test_a_run_after_a_dead_sweep_does_not_meet_its_workers(tmp_path):
    with worker_lock(tmp_path):
        with pytest.raises(HubBusyError, match=r"Workers of an earlier sweep.*cancel their runs"):
            refuse_busy_hub(tmp_path)
        with pytest.raises(HubBusyError, match="Workers of an earlier sweep"), hub_lock(tmp_path):
            pass
    with hub_lock(tmp_path):
        pass


def test_a_stage_is_held_by_one_and_freed_by_the_death_of_its_holder(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from tasks.runtime.lock import stage_lock\n"
        f"with stage_lock(Path({str(tmp_path)!r}), 'stage', lambda: False):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with holder:
        assert holder.stdout.readline() == "held\n"
        with stage_lock(tmp_path, "another", lambda: False):
            pass
        with (
            pytest.raises(RunStoppedError, match="being stopped"),
            stage_lock(tmp_path, "stage", lambda: True),
        ):
            pass
        threading.Timer(0.3, holder.kill).start()
        started_s = time.monotonic()
        with stage_lock(tmp_path, "stage", lambda: False):
            assert time.monotonic() - started_s > 0.2


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_of_cores_is_named(monkeypatch, text):
    monkeypatch.setenv("PHASE_G_CORES", text)
    with pytest.raises(BadInputError, match=r"PHASE_G_CORES is the number of cores.*unset it"):
        available_cores()


def test_a_run_may_be_given_a_share_of_the_cores(monkeypatch):
    monkeypatch.setenv("PHASE_G_CORES", "3")
    assert available_cores() == 3


@pytest.mark.parametrize("probe", [None, {"defocus_rad": 12.0}])
def test_a_worker_that_is_sent_a_condition_as_json_has_its_very_stages(tmp_path, probe):
    params = SweepParams(hub=tmp_path, doses=(1e3, 1e4), profile="study", probe=probe, refine=2)
    for condition in make_sweep_plan(params).conditions:
        sent = worker_params(condition).model_dump(mode="json")
        received = PhaseGParams.model_validate(sent)
        assert received.part_of_sweep
        assert list(make_plan(received).conditions[0]) == list(condition)


def test_a_named_file_is_found_by_a_worker_that_stands_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("scan.npy", 220 * np.random.default_rng(1).random((1200, 2)))
    params = SweepParams(hub="hub", doses=(1e3,), scan={"kind": "file", "path": "scan.npy"})
    (condition, _) = make_sweep_plan(params).conditions
    sent = worker_params(condition).model_dump(mode="json")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    received = PhaseGParams.model_validate(sent)
    assert received.scan.file_sha256 == sha256_of(tmp_path / "scan.npy")
    assert list(make_plan(received).conditions[0]) == list(condition)
