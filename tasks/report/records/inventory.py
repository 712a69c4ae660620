"""`artifact_inventory.txt`: every file of a hub that is evidence, with its size and SHA-256.

It is written last, so that it holds for the hub as the run leaves it. Of the evidence it leaves out
itself and the report of the verification alone, which are made of it.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from tasks.core.files.atomic_files import sha256_of, write_text
from tasks.core.study.hub_layout import (
    COMPARISON_MANIFEST,
    INVENTORY,
    PLAN,
    RESEARCH_OBJECT,
    VERIFICATION_REPORT,
)

FOLDERS = ("analysis", "cli", "data", "plan", "summary")
_LINE = re.compile(r"(?P<size>[0-9]+) (?P<sha256>[0-9a-f]{64}) (?P<path>[^/\\][^\\]*)")

Signature = tuple[int, int, int]


class Entry(NamedTuple):
    """What the inventory knows of a file."""

    size_bytes: int
    sha256: str


def evidence_files(hub: Path) -> list[str]:
    """Return the files of a hub that are evidence, relative to it, sorted.

    What begins with a dot is none: caches, and files that a stopped process left half written.
    """
    found = [RESEARCH_OBJECT] if (hub / RESEARCH_OBJECT).is_file() else []
    for top in FOLDERS:
        for folder, names, files in os.walk(hub / top):
            names[:] = [name for name in names if not name.startswith(".")]
            base = Path(folder).relative_to(hub)
            found += [(base / name).as_posix() for name in files if not name.startswith(".")]
    return sorted(set(found) - {INVENTORY, VERIFICATION_REPORT})


def manifest_paths(hub: Path) -> list[str]:
    """Return the records of stages that a hub holds."""
    return [
        path
        for path in evidence_files(hub)
        if re.search(r"(^|[/.])manifest\.json$", path) and path != COMPARISON_MANIFEST
    ]


def take_inventory(hub: Path, paths: Iterable[str]) -> dict[str, Entry]:
    """Return size and SHA-256 of files, by their paths relative to the hub."""
    return {path: Entry((hub / path).stat().st_size, sha256_of(hub / path)) for path in paths}


def write_inventory(hub: Path) -> dict[str, Entry]:
    """Write the inventory of a hub as it is now, and return it."""
    return _written(hub, take_inventory(hub, evidence_files(hub)))


def read_inventory(hub: Path) -> dict[str, Entry]:
    """Read the inventory; raises ValueError if it is missing, or not what a run writes."""
    cure = "Run the same command again: it ends with a new inventory."
    try:
        text = (hub / INVENTORY).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "missing" if isinstance(error, FileNotFoundError) else f"not readable ({error})"
        raise ValueError(f"{INVENTORY} is {reason}. {cure}") from error
    lines = text.splitlines()
    entries = {}
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None or ".." in PurePosixPath(match["path"]).parts:
            raise ValueError(
                f"{INVENTORY}, line {number}: expected `size sha256 path`, got {line[:80]!r}. It "
                f"was damaged or edited. {cure}"
            )
        entries[match["path"]] = Entry(int(match["size"]), match["sha256"])
    if not text.endswith("\n") or list(entries) != sorted(entries) or len(entries) < len(lines):
        raise ValueError(
            f"{INVENTORY} must be sorted lines, each ended and each of another file. It was cut "
            f"short or edited. {cure}"
        )
    return entries


@contextmanager
def inventory_renewed(hub: Path) -> Iterator[None]:
    """Take note of the files that the block writes; what else changed stays a finding.

    What a verification said of the files of before goes. An inventory that cannot be read is left
    as it is, for the verification to find; where a run of the flow left none, one is written. A hub
    of tables alone gets none.
    """
    keeps_one, before = is_of_a_run(hub), _signatures(hub)
    yield
    (hub / VERIFICATION_REPORT).unlink(missing_ok=True)
    if not keeps_one:
        return
    if not (hub / INVENTORY).exists():
        write_inventory(hub)
        return
    try:
        known = read_inventory(hub)
    except ValueError:
        return
    written = [path for path, now in _signatures(hub).items() if before.get(path) != now]
    _written(hub, known | take_inventory(hub, written))


def is_of_a_run(hub: Path) -> bool:
    """Tell whether a run of the flow made a hub; else its tables came from elsewhere, alone."""
    return (hub / PLAN).exists() or (hub / INVENTORY).exists()


def refuse_no_hub(hub: Path, refusal: type[ValueError] = ValueError) -> None:
    """Refuse a hub that is no folder."""
    if not hub.is_dir():
        what = "is a file" if hub.exists() else "does not exist"
        raise refusal(f"The hub {hub} {what}. Name the folder of a finished run.")


def report_cure(hub: Path) -> str:
    """Return how a folder comes to reports: from its tables, if it is a hub."""
    if is_of_a_run(hub) or any(hub.glob("analysis/dose_*/**/comparison_metrics.csv")):
        return f"Make it with `python -m flows.phase_g --hub {hub} --report-only`."
    return "No run made this folder: name that of a finished run."


def _signatures(hub: Path) -> dict[str, Signature]:
    """Return what tells that a file was written anew: its node, size and time, without reading."""
    statuses = {path: (hub / path).stat() for path in evidence_files(hub)}
    return {path: (s.st_ino, s.st_size, s.st_mtime_ns) for path, s in statuses.items()}


def _written(hub: Path, entries: dict[str, Entry]) -> dict[str, Entry]:
    lines = [
        f"{entry.size_bytes} {entry.sha256} {path}\n" for path, entry in sorted(entries.items())
    ]
    write_text(hub / INVENTORY, "".join(lines))
    return entries
