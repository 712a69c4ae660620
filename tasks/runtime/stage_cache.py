"""When a stage need not run again: its key, and its record, which Prefect and the hub keep.

The key holds a fingerprint of the code: the stage's own module and all of ours that it imports.
"""

import hashlib
import importlib.util
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

import grimp
import orjson
from prefect.context import TaskRunContext
from prefect.serializers import Serializer
from pydantic import ValidationError

from tasks.core.files.atomic_files import json_bytes, sha256_of, write_bytes, write_text
from tasks.core.study.stage_record import ENDED_WELL, StageCall, StageRecord
from tasks.runtime.run_session import RESULTS_FOLDER, current_session
from tasks.runtime.stage_process import find_call

MISSING = "missing"
PACKAGE = "tasks"
# Data of a package that a stage reads as it reads its code.
LAYOUTS = "layouts/*.yaml"
LEFT_OUT = ("tasks.runtime",)
# Each loads the modules of its folder, and of the entry points of a group, by name.
CATALOGUES = {
    "tasks.catalogue.metrics": "phase_g.metrics",
    "tasks.catalogue.reconstructions": "phase_g.reconstructions",
}


def cache_key(hub: Path, call: StageCall) -> str:
    """Return the key of a stage: it changes with anything that its outputs depend on.

    Name of the stage and a digest over its name, its parameters, the content of every file that it
    reads, the names of those that it writes, and its code.
    """
    inputs = {name: hub / path for name, path in call.inputs.items()}
    content = {
        "stage": call.stage,
        "function": call.function,
        "params": call.params,
        "inputs": {
            name: sha256_of(path) if path.is_file() else MISSING for name, path in inputs.items()
        },
        "outputs": call.outputs,
        "science": code_sha256(call.function.partition(":")[0]),
    }
    digest = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return f"{call.stage}-{digest[:32]}"


def prefect_cache_key(_context: TaskRunContext, parameters: dict[str, Any]) -> str:
    """Return the key of the stage that a task is about to run; for `CacheKeyFnPolicy`."""
    return cache_key(current_session().root, parameters["call"])


class StageRecordSerializer(Serializer):
    """Keeps a stage's record as JSON, and gives it back only while its files are intact.

    Prefect takes a record that cannot be loaded for a miss and runs the task again, which is
    just what a missing or damaged file calls for.
    """

    type: Literal["phase-g-stage-record"] = "phase-g-stage-record"

    def dumps(self, obj: Any) -> bytes:
        """Serialise a record."""
        if not isinstance(obj, StageRecord):
            raise TypeError(f"Stages return a StageRecord, got {type(obj).__name__}.")
        return orjson.dumps(obj.model_dump(mode="json"))

    def loads(self, blob: bytes) -> StageRecord:
        """Load a record; ValueError if a file of the stage is missing or was changed."""
        record = StageRecord.model_validate(orjson.loads(blob))
        root = current_session().root
        damaged = [ref.path for ref in record.outputs.values() if not ref.is_intact(root)]
        if damaged:
            raise ValueError(f"Missing or changed since they were made: {', '.join(damaged)}.")
        return record


def finished_record(hub: Path, call: StageCall) -> StageRecord | None:
    """Return the record of a stage that is done and intact, or None; reads only."""
    record = made_record(hub, call)
    is_known = record is not None and (hub / RESULTS_FOLDER / record.cache_key).is_file()
    return record if is_known else None


def made_record(hub: Path, call: StageCall) -> StageRecord | None:
    """Return the record that a stage has left beside its intact files, or None; reads only.

    It is there a moment before Prefect knows of it.
    """
    manifest = hub / call.manifest
    if not manifest.is_file():
        return None
    try:
        record = StageRecord.model_validate(orjson.loads(manifest.read_bytes()))
    except (orjson.JSONDecodeError, ValidationError):
        return None
    return record if record.cache_key == cache_key(hub, call) and record.is_intact(hub) else None


def keep_record(hub: Path, record: StageRecord) -> None:
    """Make sure that a finished stage of the hub's plan has its record and a log that ended well.

    The files of the stage are intact, or it would run again; a lost log is not worth that, and the
    new one says that it is not the old one.
    """
    call = find_call(hub, record.stage)
    manifest, content = hub / call.manifest, json_bytes(record.model_dump(mode="json"))
    if not manifest.is_file() or manifest.read_bytes() != content:
        write_bytes(manifest, content)
    log = hub / call.log
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    if not lines or not lines[-1].endswith(f" {ENDED_WELL}"):
        log.parent.mkdir(parents=True, exist_ok=True)
        time = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        lines += [
            f"# {time} {record.stage}",
            "The stage was done before, and its files are intact; its log was not.",
            f"# {time} {ENDED_WELL}",
        ]
        write_text(log, "\n".join(lines) + "\n")


@cache
def _import_graph() -> grimp.ImportGraph:
    return grimp.build_graph(PACKAGE, cache_dir=None)


def fingerprinted_modules(module: str) -> list[str]:
    """Return the dotted names of a module and all of the project that it imports, directly or not.

    Packages on the way count too, since importing a module runs their `__init__`, and with a
    catalogue all of its entries.
    """
    if not module.startswith(f"{PACKAGE}."):
        return [module]
    graph = _import_graph()
    found: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        found.add(name)
        used = set(graph.find_modules_directly_imported_by(name)) | {name.rpartition(".")[0]}
        if name in CATALOGUES:
            used |= graph.find_children(name)
            # What installed packages bring; those that do not import are left out.
            brought = {point.module for point in entry_points(group=CATALOGUES[name])}
            found |= brought & sys.modules.keys()
        waiting |= used - found - {""}
    return sorted(name for name in found if not name.startswith(LEFT_OUT))


@cache
def code_sha256(module: str) -> str:
    """Return the SHA-256 over the source of `fingerprinted_modules`, and the layouts beside it."""
    digest = hashlib.sha256()
    for name in fingerprinted_modules(module):
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ValueError(f"The stage module {name} cannot be found. Install the project again.")
        digest.update(name.encode() + b"\0" + Path(spec.origin).read_bytes() + b"\0")
        if spec.submodule_search_locations:
            for layout in sorted(Path(spec.origin).parent.glob(LAYOUTS)):
                digest.update(layout.name.encode() + b"\0" + layout.read_bytes() + b"\0")
    return digest.hexdigest()
