"""Files of a hub that a page shows: each may be absent, or damaged, and the page says so."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import orjson
from PIL import Image
from pydantic import BaseModel

import tasks
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.files.atomic_files import json_bytes, read_json, sha256_of, write_json
from tasks.core.study.hub_layout import PLAN
from tasks.report.records.hub_contents import read_plan

Content = TypeVar("Content")
Model = TypeVar("Model", bound=BaseModel)
# What was asked of a file, or of files by a pattern.
CONTENT, PRESENCE, MATCHES = "content", "presence", "matches"
# Every run writes them anew, and no report shows them.
NOT_SHOWN: dict[str, Any] = {"written_at": True, "stages": {"__all__": {"cache_key"}}}
KEY = "phase-g-content"
STATE = ".cache/drawn_reports.json"
LIBRARIES = ("jinja2", "matplotlib", "numpy", "pillow")
SOURCES = (".css", ".j2", ".js", ".py")


@dataclass(frozen=True)
class PageFiles:
    """A hub that is read for a page.

    Attributes:
        page_folder: Folder of the page, relative to the hub.
        problems: What could not be read, in words; a page names them at its top.
        asked: What was asked, by file or pattern: all that the page depends on.
    """

    root: Path
    page_folder: str
    problems: list[str] = field(default_factory=list)
    asked: dict[str, str] = field(default_factory=dict)

    def read(self, relative: str, reader: Callable[[Path], Content]) -> Content | None:
        """Return what a reader makes of a file; None if it is absent or cannot be used.

        A reader raises OSError or ValueError on what it cannot use.
        """
        self.asked[relative] = CONTENT
        path = self.root / relative
        if not path.is_file():
            return None
        try:
            return reader(path)
        except (OSError, ValueError) as error:
            reason = str(error).replace(str(path), relative).replace(str(self.root), "the hub")
            self.problems.append(f"{relative} cannot be used ({reason.splitlines()[0]})")
            return None

    def record(self, relative: str, model: type[Model]) -> Model | None:
        """Return JSON as its model has it; None as `read`."""
        return self.read(relative, lambda path: model.model_validate(read_json(path)))

    def json(self, relative: str) -> Any:
        """Return JSON that a page cannot do without; raises ValueError if it is none."""
        self.asked[relative] = CONTENT
        return read_json(self.root / relative)

    def has(self, relative: str) -> bool:
        """Tell whether a file is there."""
        self.asked.setdefault(relative, PRESENCE)
        return (self.root / relative).is_file()

    def find(self, pattern: str) -> list[str]:
        """Return the files that match a pattern, relative to the hub, sorted."""
        self.asked[pattern] = MATCHES
        found = (path for path in self.root.glob(pattern) if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def link(self, relative: str) -> str:
        """Return the address of a file as seen from the page."""
        if relative.startswith(f"{self.page_folder}/"):
            return relative.removeprefix(f"{self.page_folder}/")
        return "../" * len(self.page_folder.split("/")) + relative

    def answer(self, name: str, kind: str) -> str | bool | list[str] | None:
        """Return what there is now of what was asked.

        That is the fingerprint of a content, None without a file; whether a file is there; or the
        files that match.
        """
        if kind == MATCHES:
            return self.find(name)
        path = self.root / name
        if kind == PRESENCE:
            return path.is_file()
        if not path.is_file():
            return None
        return self._plan_sha256() if name == PLAN else sha256_of(path)

    def _plan_sha256(self) -> str:
        """Return the fingerprint of what the reports show of the plan."""
        try:
            plan = read_plan(self.root)
        except ValueError:
            return sha256_of(self.root / PLAN)
        shown = plan.model_dump(mode="json", exclude=NOT_SHOWN) if plan else None
        return hashlib.sha256(json_bytes(shown)).hexdigest()


def fingerprint_of(content: Any, drawn_by: Iterable[Path]) -> str:
    """Return the fingerprint of what a figure shows and of the code that draws it."""
    code = [sha256_of(path) for path in drawn_by]
    return hashlib.sha256(orjson.dumps([content, code, version("matplotlib")])).hexdigest()


def is_drawn(path: Path, fingerprint: str) -> bool:
    """Tell whether a PNG is whole, by the checksums of its parts, and shows just this."""
    if not path.is_file():
        return False
    try:
        with Image.open(path) as image:
            shows_this = image.format == "PNG" and image.info.get(KEY) == fingerprint
            image.verify()
    except (OSError, SyntaxError, ValueError):
        # What Pillow says of a damaged PNG, by the part that is damaged.
        return False
    return shows_this


def keep_state(files: PageFiles, drawn: Iterable[str]) -> None:
    """Keep what the reports of a hub were drawn from."""
    write_json(files.root / STATE, _state(files, files.asked, drawn))


def has_kept_state(hub: Path) -> bool:
    """Tell whether the reports of a hub are whole, and would be drawn the same once more."""
    try:
        kept = read_json(hub / STATE)
        now = _state(PageFiles(hub, ""), kept["asked"], kept["drawn"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # There is none, or it is damaged.
    return bool(now == kept)


def _state(files: PageFiles, asked: Mapping[str, str], drawn: Iterable[str]) -> dict[str, Any]:
    """Return the program, the answers to what is asked of a hub, and its reports' fingerprints."""
    return {
        "program": program_sha256(),
        "asked": dict(asked),
        "answers": {name: files.answer(name, kind) for name, kind in asked.items()},
        "drawn": {path: sha256_of(files.root / path) for path in drawn},
    }


def program_sha256() -> str:
    """Return the fingerprint of the program, of its catalogues, and of the libraries that draw."""
    entries = [
        [entry.name, entry.role, entry.learns_from, entry.colour, entry.dark_colour]
        for entry in RECONSTRUCTIONS.entries.values()
    ]
    metrics = [
        [metric.name, metric.family, metric.direction, [metric.title(p) for p in metric.parts]]
        for metric in METRICS.entries.values()
    ]
    libraries = [version(name) for name in LIBRARIES]
    content = [_code_sha256(), entries, metrics, libraries]
    return hashlib.sha256(orjson.dumps(content)).hexdigest()


@cache
def _code_sha256() -> list[list[str]]:
    """Return the files of the program, and their fingerprints."""
    root = Path(tasks.__file__).parent
    sources = sorted(path for path in root.rglob("*") if path.suffix in SOURCES)
    return [[path.relative_to(root).as_posix(), sha256_of(path)] for path in sources]
