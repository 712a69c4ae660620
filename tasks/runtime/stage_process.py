"""The process of a stage: `python -m tasks.runtime.stage_process HUB STAGE`.

It takes the stage from the hub's plan, runs its function, and writes its manifest last. A
fresh process for every stage keeps TensorFlow and torch apart, gives all memory back, and can
be killed at any moment without a trace.
"""

import argparse
import importlib
import sys
import time
import traceback
from pathlib import Path
from typing import Any, get_type_hints

import orjson

from tasks.core.files.atomic_files import read_json, write_json
from tasks.core.study.hub_layout import OWN_ROWS, PLAN
from tasks.core.study.stage_record import FileRef, StageCall, StageFiles, StageRecord
from tasks.runtime.process_lifetime import (
    children_cpu_s,
    children_peak_memory_mib,
    die_with_parent,
    name_process,
    peak_memory_mib,
    rare_garbage_collection,
)
from tasks.runtime.stage_loading import backend_of, load, module_of

MESSAGE_MARK = "\x1e"  # RFC 7464: a JSON text follows
EXIT_TRANSIENT = 75  # EX_TEMPFAIL of sysexits.h
# Whose versions a record keeps.
PACKAGES = ("numpy", "scipy", "skimage", "h5py", "tensorflow", "keras", "torch", "ptychi")
BY_HAND = "by-hand"
CATALOGUE_OF_RUNS = "tasks.catalogue.own_rows"


def send(message: dict[str, Any]) -> None:
    """Send a message to the run on standard output, or show it to a person."""
    if sys.stdout.isatty():
        sys.stdout.write(f"{message}\n")
    else:
        sys.stdout.write(f"{MESSAGE_MARK}{orjson.dumps(message).decode()}\n")
    sys.stdout.flush()


class SentProgress:
    """Progress that is sent to the run, at most a few times a second."""

    def __init__(self, interval_s: float = 0.25) -> None:
        self._interval_s = interval_s
        self._last_s = -interval_s

    def __call__(self, done: int, total: int, text: str) -> None:
        """Send how far the stage is; the last step is always sent."""
        now_s = time.monotonic()
        if done < total and now_s - self._last_s < self._interval_s:
            return
        self._last_s = now_s
        send({"progress": {"done": done, "total": total, "text": text}})


def find_call(hub: Path, stage: str) -> StageCall:
    """Return a stage of the hub's plan; ValueError if the plan has no such stage."""
    stages = {entry["stage"]: entry for entry in read_json(hub / PLAN)["stages"]}
    if stage not in stages:
        raise ValueError(
            f"The plan of {hub} has no stage {stage!r}. It has: {', '.join(sorted(stages))}."
        )
    entry = {name: stages[stage][name] for name in StageCall.model_fields}
    return StageCall.model_validate(entry)


def run_call(hub: Path, call: StageCall, key: str) -> StageRecord:
    """Run the function of a stage; write and return its manifest, which holds its cache key.

    ValueError if an input is missing, or an output was not written.
    """
    _know_own_rows(hub)
    absent = [path for path in call.inputs.values() if not (hub / path).is_file()]
    if absent:
        raise ValueError(f"Stage {call.stage} needs {', '.join(absent)}: run the flow again.")
    name = call.function.partition(":")[2]
    function = getattr(importlib.import_module(module_of(call)), name)
    params = get_type_hints(function)["params"].model_validate(call.params)
    files = StageFiles(
        inputs={name: hub / path for name, path in call.inputs.items()},
        outputs={name: hub / path for name, path in call.outputs.items()},
        fingerprint="" if key == BY_HAND else key,
    )
    inputs = {key: FileRef.of(hub, path) for key, path in call.inputs.items()}
    for path in files.outputs.values():
        path.unlink(missing_ok=True)
    start_wall_s, start_cpu_s = time.perf_counter(), time.process_time()
    start_children_s = children_cpu_s()
    facts = function(params, files, SentProgress())
    unwritten = [path for path in call.outputs.values() if not (hub / path).is_file()]
    if unwritten:
        raise ValueError(f"Stage {call.stage} ended without writing {', '.join(unwritten)}.")
    record = StageRecord(
        stage=call.stage,
        phase=call.phase,
        cache_key=key,
        params=call.params,
        inputs=inputs,
        outputs={key: FileRef.of(hub, path) for key, path in call.outputs.items()},
        facts=facts,
        wall_s=time.perf_counter() - start_wall_s,
        cpu_s=time.process_time() - start_cpu_s + children_cpu_s() - start_children_s,
        peak_memory_mib=max(peak_memory_mib(), children_peak_memory_mib()),
        versions=_versions(),
    )
    write_json(hub / call.manifest, record.model_dump(mode="json"))
    return record


def _know_own_rows(hub: Path) -> None:
    """Let the catalogue have the rows that the run of a hub brings, where it brings some."""
    plan = hub / PLAN
    if plan.is_file() and read_json(plan).get(OWN_ROWS):
        # By its name, as stages are: most need no catalogue, and most runs have no such rows.
        importlib.import_module(CATALOGUE_OF_RUNS).know_rows_of(hub)


def _versions() -> dict[str, str]:
    loaded = [name for name in PACKAGES if name in sys.modules]
    versions = {name: str(getattr(sys.modules[name], "__version__", "unknown")) for name in loaded}
    return {"python": sys.version.split()[0], **versions}


def run_stage_process(hub: Path, stage: str, key: str) -> int:
    """Run a stage of the hub's plan in this process, there for it alone; return its exit code.

    What stopped the stage is raised, unless another try may succeed.
    """
    die_with_parent()
    name_process(stage)
    try:
        call = find_call(hub, stage)
        load([module_of(call)], backend_of(call))
        run_call(hub, call, key)
    except Exception as error:
        send({"failure": {"exception": type(error).__name__, "message": str(error)}})
        if not isinstance(error, OSError | MemoryError):
            raise
        traceback.print_exc()
        return EXIT_TRANSIENT
    return 0


def _refuse_unknown(parser: argparse.ArgumentParser, hub: Path, stage: str) -> None:
    """Tell a person what is wrong with the words; a run is sent the failure instead."""
    try:
        find_call(hub, stage)
    except FileNotFoundError:
        parser.error(f"{hub} is no hub: it has no {PLAN}. Name the folder of a run.")
    except ValueError as error:
        parser.error(str(error))


def main() -> int:
    """Run one stage and return the exit code of the process."""
    parser = argparse.ArgumentParser(
        prog="python -m tasks.runtime.stage_process", description=__doc__
    )
    parser.add_argument("hub", type=Path, help="folder of the study")
    parser.add_argument("stage", help="name of a stage in plan/plan.json")
    parser.add_argument("--cache-key", default=BY_HAND, help="key of the stage in the cache")
    arguments = parser.parse_args()
    if arguments.cache_key == BY_HAND:
        _refuse_unknown(parser, arguments.hub, arguments.stage)
    return run_stage_process(arguments.hub, arguments.stage, arguments.cache_key)


if __name__ == "__main__":
    with rare_garbage_collection():
        code = main()
    sys.exit(code)
