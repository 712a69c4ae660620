"""Record and log of a stage that is not run again, put right where they were lost."""

from datetime import UTC, datetime
from pathlib import Path

from tasks.core.files.atomic_files import json_bytes, write_bytes, write_text
from tasks.core.study.stage_record import ENDED_WELL, StageRecord
from tasks.runtime.stage_process import find_call


def keep_record(hub: Path, record: StageRecord) -> None:
    """Make sure that a finished stage has its record and a log that ended well.

    The files of the stage are intact, or it would run again; a lost log is not worth that, and the
    new one says that it is not the old one.

    Args:
        hub: The hub; its plan has the stage.
        record: The record of the stage, from the cache.
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
