"""Files of a hub that a page shows: each may be absent, or damaged, and the page says so."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

Content = TypeVar("Content")


@dataclass(frozen=True)
class PageFiles:
    """A hub that is read for a page.

    Attributes:
        root: The hub.
        page_folder: Folder of the page, relative to the hub.
        problems: What could not be read, in words; a page names them at its top.
    """

    root: Path
    page_folder: str
    problems: list[str] = field(default_factory=list)

    def read(self, relative: str, reader: Callable[[Path], Content]) -> Content | None:
        """Return what a reader makes of a file; None if it is absent or cannot be used.

        Args:
            relative: Path of the file, relative to the hub.
            reader: Function of the path that raises OSError or ValueError on what it cannot use.
        """
        path = self.root / relative
        if not path.is_file():
            return None
        try:
            return reader(path)
        except (OSError, ValueError) as error:
            reason = str(error).replace(str(path), relative).replace(str(self.root), "the hub")
            self.problems.append(f"{relative} cannot be used ({reason.splitlines()[0]})")
            return None

    def has(self, relative: str) -> bool:
        """Tell whether a file is there."""
        return (self.root / relative).is_file()

    def find(self, pattern: str) -> list[str]:
        """Return the files that match a pattern, relative to the hub, sorted."""
        found = (path for path in self.root.glob(pattern) if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def link(self, relative: str) -> str:
        """Return the address of a file as seen from the page."""
        if relative.startswith(f"{self.page_folder}/"):
            return relative.removeprefix(f"{self.page_folder}/")
        return "../" * len(self.page_folder.split("/")) + relative
