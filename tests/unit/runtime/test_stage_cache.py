import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.core.files.atomic_files import write_json, write_text
from tasks.runtime.run_session import hub_session
from tasks.runtime.stage_cache import (
    StageRecordSerializer,
    cache_key,
    fingerprinted_modules,
    finished_record,
)
from tasks.runtime.stage_runner import run_stage


def finish(hub, call):
    """Run a stage and put its record where Prefect keeps it."""
    with hub_session(hub) as session:
        key = cache_key(hub, call)
        record = run_stage(session, call, key, on_line=str)
    write_json(hub / ".cache/prefect" / key, {})
    return record


def test_the_key_changes_with_what_the_outputs_depend_on(make_call, tmp_path):
    write_text(tmp_path / "source.txt", "one")
    call = make_call("write", inputs={"source": "source.txt"})
    key = cache_key(tmp_path, call)
    assert key.startswith("stage-")
    assert cache_key(tmp_path, call) == key
    assert cache_key(tmp_path, make_call("write", inputs=call.inputs, timeout_s=9)) == key
    changed = call.model_copy(update={"params": {"text": "hello", "seconds": 0.1}})
    assert cache_key(tmp_path, changed) != key
    write_text(tmp_path / "source.txt", "onf")
    assert cache_key(tmp_path, call) != key
    write_text(tmp_path / "source.txt", "one")
    assert cache_key(tmp_path, call) == key


def test_the_key_changes_with_a_line_of_science(make_call, tmp_path, stage_module):
    call = make_call("write")
    script = (
        "import sys; from pathlib import Path\n"
        "from tasks.core.study.stage_record import StageCall\n"
        "from tasks.runtime.stage_cache import cache_key\n"
        f"call = StageCall.model_validate_json({call.model_dump_json()!r})\n"
        "print(cache_key(Path('.'), call))"
    )

    def key():
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
        return done.stdout

    first = key()
    assert key() == first
    path = Path(importlib.util.find_spec(stage_module).origin)
    path.write_text(path.read_text() + "\nCONSTANT = 1\n")
    assert key() != first


def test_the_code_of_a_stage_is_its_module_and_all_that_it_imports():
    modules = fingerprinted_modules("tasks.simulate.stage")
    assert {
        "tasks.simulate.fly_scan",
        "tasks.core.physics.forward",
    } <= set(modules)
    assert not {name for name in modules if "runtime" in name or name.endswith(".task")}
    assert not {name for name in modules if name.startswith(("tasks.train", "tasks.compare"))}


def test_every_stage_of_the_plan_has_code_of_its_own():
    training = fingerprinted_modules("tasks.train.stage")
    prediction = fingerprinted_modules("tasks.reconstruct.network_stage")
    assert "tasks.networks.architectures.unrolled" in set(training) & set(prediction)
    assert "tasks.train.trainer" not in prediction
    assert "tasks.reconstruct.ptychi_solver" not in prediction


def test_a_record_comes_back_while_its_files_are_intact(make_call, planned_hub):
    call = make_call("write")
    hub = planned_hub(call)
    record = finish(hub, call)
    serializer = StageRecordSerializer()
    blob = serializer.dumps(record)
    with hub_session(hub):
        assert serializer.loads(blob) == record
        (hub / "data/stage.txt").write_text("hellp")
        with pytest.raises(ValueError, match=r"changed since they were made: data/stage\.txt"):
            serializer.loads(blob)
    with pytest.raises(TypeError, match="StageRecord"):
        serializer.dumps({"anything": 1})


def test_a_finished_stage_is_known_without_running_anything(make_call, planned_hub):
    call = make_call("write")
    hub = planned_hub(call)
    assert finished_record(hub, call) is None
    record = finish(hub, call)
    assert finished_record(hub, call) == record
    assert finished_record(hub, make_call("write", params={"text": "other"})) is None
    manifest = (hub / call.manifest).read_bytes()
    (hub / call.manifest).write_bytes(manifest[:40])
    assert finished_record(hub, call) is None
    (hub / call.manifest).write_bytes(manifest)
    assert finished_record(hub, call) == record
    (hub / "data/stage.txt").unlink()
    assert finished_record(hub, call) is None
