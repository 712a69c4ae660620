"""Every file of a good hub damaged in every way: never a traceback, never a wrong "valid"."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.cli.without_a_run import report, verify
from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import (
    DELTA_SUMMARY,
    INVENTORY,
    PRETTY_DELTA_SUMMARY,
    REPORT_PAGE,
    RESEARCH_OBJECT,
    VERIFICATION_REPORT,
)
from tasks.report.page import cost_section, write
from tasks.report.records.inventory import evidence_files
from tasks.report.verification.verification import finding_lines
from tasks.runtime.errors import BadInputError

pytestmark = pytest.mark.slow

# These say when the deltas were made; the crate has the hashes of the others, too.
TIMED = (DELTA_SUMMARY, PRETTY_DELTA_SUMMARY, REPORT_PAGE)
TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
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
            without_time(path, (self.hub / path).read_bytes()) == without_time(path, content)
            for path, content in self.content.items()
            if path != RESEARCH_OBJECT
        )

    def restore(self) -> None:
        now = self.state()
        for path in set(now) - set(self.content):
            (self.hub / path).unlink()
        for path, content in self.content.items():
            if now.get(path) != self._state[path]:
                (self.hub / path).write_bytes(content)
        self._state = self.state()


def without_time(path: str, content: bytes) -> bytes:
    """Return what a file says but for the time of the deltas, and hashes that follow from it."""
    if path in TIMED:
        return TIME.sub(b"TIME", content)
    if path != INVENTORY:
        return content
    timed = tuple(name.encode() for name in (*TIMED, RESEARCH_OBJECT))
    lines = content.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.rstrip().endswith(timed))


def remembered(draw: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that draws a chart once for equal arguments, files included."""
    kept: dict[bytes, tuple[Any, dict[Path, bytes]]] = {}

    def draw_once(*arguments: Any) -> Any:
        key = TIME.sub(b"", repr(arguments).encode())
        paths = [path for path in arguments if isinstance(path, Path)]
        if key in kept:
            for path, content in kept[key][1].items():
                path.write_bytes(content)
        else:
            result = draw(*arguments)
            kept[key] = result, {path: path.read_bytes() for path in paths}
        return kept[key][0]

    return draw_once


@pytest.fixture
def charts_drawn_once(monkeypatch):
    """Draw equal charts once: they follow from their arguments, and are most of a report's time."""
    for module, name in (
        (write, "delta_charts"),
        (write, "write_delta_plot"),
        (cost_section, "cost_charts"),
    ):
        monkeypatch.setattr(module, name, remembered(getattr(module, name)))


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


@pytest.mark.usefixtures("charts_drawn_once")
def test_no_damage_passes_and_none_ends_in_a_traceback(hub):
    original = Original(hub)
    count, healed = 0, set()
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
    assert count >= LEAST_MUTANTS
    assert len(healed) >= REPORTS_OF_TABLES, healed
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
