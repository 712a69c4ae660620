"""Every file of a good hub damaged in every way: never a traceback, never a wrong "valid"."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.finished_hub import report, verify
from tasks.core.files import read_json
from tasks.core.hub import DELTA_SUMMARY, INVENTORY, VERIFICATION_REPORT
from tasks.report.inventory import evidence_files
from tasks.report.verification import finding_lines
from tasks.runtime.errors import BadInputError

pytestmark = pytest.mark.slow

CPU_LIMIT_S = 60.0
TIMED = (DELTA_SUMMARY, "analysis/metrics_delta_summary.pretty.json", "ro-crate-metadata.json")
LEAST_MUTANTS = 200
REPORTS_OF_TABLES = 8


class Original:
    """A good hub, remembered, to make it good again."""

    def __init__(self, hub: Path) -> None:
        self.hub = hub
        self.content = {path: (hub / path).read_bytes() for path in self.paths()}
        self._state = self.state()

    def paths(self) -> list[str]:
        present = [INVENTORY] if (self.hub / INVENTORY).is_file() else []
        return [*evidence_files(self.hub), *present]

    def state(self) -> dict[str, tuple[int, int]]:
        """Return what changes whenever a file is written."""
        found = {path: (self.hub / path).stat() for path in self.paths()}
        return {path: (status.st_ino, status.st_mtime_ns) for path, status in found.items()}

    def is_back(self) -> bool:
        """Tell whether the hub says what it said, but for the time of its deltas."""
        if set(self.paths()) != set(self.content):
            return False
        return all(
            without_deltas((self.hub / path).read_bytes()) == without_deltas(content)
            for path, content in self.content.items()
            if path not in TIMED
        )

    def restore(self) -> None:
        now = self.state()
        for path in set(now) - set(self.content):
            (self.hub / path).unlink()
        for path, content in self.content.items():
            if now.get(path) != self._state[path]:
                (self.hub / path).write_bytes(content)
        self._state = self.state()


def without_deltas(content: bytes) -> bytes:
    """Return an inventory without the line of the delta summary, whose time may differ."""
    return b"".join(
        line
        for line in content.splitlines(True)
        if not any(path.encode() in line for path in TIMED)
    )


def mutations(content: bytes, other: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Yield ways to damage a file, by name; None deletes it."""
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    damaged = {"truncated": content[: max(1, middle)], "emptied": b"", "flipped": flipped}
    for name, bytes_ in (damaged | {"deleted": None, "swapped": other}).items():
        if bytes_ != content:
            yield name, bytes_


def damage(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)


def assert_found(hub: Path, path: str, what: str) -> None:
    """Check that the verification names a damaged file, and not the place of the hub."""
    assert verify(hub) == 1, f"{what} was called valid"
    found = read_json(hub / VERIFICATION_REPORT)
    details = "\n".join(finding_lines(found))
    assert not found["all_valid"]
    assert path in details, f"{what} is not named: {details}"
    assert str(hub) not in details


def assert_reported_or_refused(original: Original, path: str, what: str) -> bool:
    """Check what the reports made of a damaged hub; return whether they made it good again."""
    before, refusal = original.state(), ""
    try:
        code = report(original.hub, verify=True)
    except BadInputError as error:
        refusal = str(error)
    if refusal:
        assert path.rpartition("/")[2] in refusal, f"{what}: {refusal}"
        assert original.state() == before, f"{what} was refused, and yet files were written"
        return False
    assert code == (0 if original.is_back() else 1), what
    return code == 0


def test_no_damage_passes_and_none_ends_in_a_traceback(hub):
    original = Original(hub)
    started_s, count, healed = time.process_time(), 0, set()
    paths = list(original.content)
    for path, neighbour in zip(paths, [*paths[1:], paths[0]], strict=True):
        pair = (original.content[name] for name in (path, neighbour))
        for name, content in mutations(*pair):
            damage(hub / path, content)
            assert_found(hub, path, f"{path}, {name},")
            if assert_reported_or_refused(original, path, f"{path}, {name},"):
                healed.add(path)
            original.restore()
            count += 1
    spent_s = time.process_time() - started_s
    assert count >= LEAST_MUTANTS
    assert len(healed) >= REPORTS_OF_TABLES, healed
    assert spent_s < CPU_LIMIT_S
    assert verify(hub) == 0


def test_an_extra_file_and_a_lost_folder_are_found(hub):
    (hub / "analysis/extra.txt").write_text("mine")
    assert verify(hub) == 1
    assert report(hub, verify=True) == 1
    (hub / "analysis/extra.txt").unlink()
    assert verify(hub) == 0
    shutil.rmtree(hub / "data/phase_e")
    assert verify(hub) == 1
    assert report(hub, verify=True) == 1
