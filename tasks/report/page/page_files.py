"""Files of a hub that a page shows: each may be absent, or damaged, and the page says so."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tasks.core.files.atomic_files import json_bytes, read_json, sha256_of
from tasks.core.study.hub_layout import PLAN
from tasks.report.records.plan_file import read_plan

Content = TypeVar("Content")
# What was asked of a file, or of files by a pattern.
CONTENT, PRESENCE, MATCHES = "content", "presence", "matches"
# Every run writes them anew, and no report shows them.
NOT_SHOWN: dict[str, Any] = {"written_at": True, "stages": {"__all__": {"cache_key"}}}


@dataclass(frozen=True)
class PageFiles:
    """A hub that is read for a page.

    Attributes:
        root: The hub.
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

        Args:
            relative: Path of the file, relative to the hub.
            reader: Function of the path that raises OSError or ValueError on what it cannot use.
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

        Args:
            name: File or pattern.
            kind: What was asked of it.

        Returns:
            The fingerprint of a content, None without a file; whether a file is there; or the
            files that match.
        """
        if kind == MATCHES:
            return self.find(name)
        path = self.root / name
        if kind == PRESENCE or not path.is_file():
            return path.is_file() if kind == PRESENCE else None
        return self._plan_sha256() if name == PLAN else sha256_of(path)

    def _plan_sha256(self) -> str:
        """Return the fingerprint of what the reports show of the plan."""
        try:
            plan = read_plan(self.root)
        except ValueError:
            return sha256_of(self.root / PLAN)
        shown = plan.model_dump(mode="json", exclude=NOT_SHOWN) if plan else None
        return hashlib.sha256(json_bytes(shown)).hexdigest()
