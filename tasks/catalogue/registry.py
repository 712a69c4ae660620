"""Catalogues: entries that have a file each in a folder, and entries that other packages bring."""

import importlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar

from tasks.core.files.named_files import CatalogueError

__all__ = ["Catalogue", "CatalogueError", "check_name"]

LONGEST_NAME = 40


class Named(Protocol):
    """An entry of a catalogue."""

    @property
    def name(self) -> str:
        """Its name in tables and files."""


T = TypeVar("T", bound=Named)


@dataclass
class Catalogue(Generic[T]):
    """Entries by name, in the order of the tables.

    Attributes:
        kind: What its entries are, in the singular, for messages.
        entry_class: The class of all entries.
        check: Raises ValueError if a name, or another field of an entry, will not do.
        key: Names with equal keys cannot stand beside each other, such as `a` and `A` in paths.
        entries: By name.
        broken: Why a package's entry cannot be used, by the name of its entry point.
    """

    kind: str
    entry_class: type[T]
    check: Callable[[T], None]
    key: Callable[[str], str] = str
    entries: dict[str, T] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def add(self, entry: T, source: str) -> None:
        """Register an entry; CatalogueError, which names its source, if it or its name won't do."""
        if not isinstance(entry, self.entry_class):
            raise CatalogueError(
                f"{source} must name a {self.entry_class.__name__}, got {type(entry).__name__}. "
                f"Correct it."
            )
        try:
            self.check(entry)
        except ValueError as error:
            raise CatalogueError(f"The {self.kind} of {source} cannot be used: {error}") from error
        for name in self.entries:
            if self.key(name) == self.key(entry.name):
                raise CatalogueError(
                    f"The {self.kind} {entry.name!r} of {source} is registered already, as "
                    f"{name!r}. Give it another name, or remove one of the two lines."
                )
        self.entries[entry.name] = entry

    def add_modules(self, package: str, modules: Sequence[str], attribute: str) -> None:
        """Register the entries of modules of a package (a dotted name), in their order.

        Each module has the variable `attribute`: an entry, or a tuple of them. Raises
        CatalogueError if a module does not import, lacks it, or is not named, or an entry will not
        do.
        """
        for module in modules:
            source = f"{package}.{module}"
            found = getattr(_imported(package, module), attribute, None)
            if found is None:
                raise CatalogueError(f"{source} registers nothing: it must define {attribute}.")
            self._add_all(found, f"{attribute} of {source}")
        paths = importlib.import_module(package).__path__
        files = {path.stem for folder in paths for path in Path(folder).glob("*.py")}
        for stray in sorted(files - {"__init__", *modules}):
            raise CatalogueError(
                f"{package}.{stray} registers nothing. Add its name to the list in {package}, or "
                f"move the file elsewhere."
            )

    def add_entry_points(self, group: str, points: Iterable[EntryPoint] = ()) -> None:
        """Register what installed packages bring; one that does not import is kept as broken.

        Each entry point of the group names an entry, or a tuple of them; raises CatalogueError if
        one will not do.
        """
        for point in sorted(points or entry_points(group=group), key=lambda found: found.name):
            source = f"the entry point {point.name} = {point.value}"
            try:
                found = point.load()
            except Exception as error:  # noqa: BLE001 - whatever another package raises
                self.broken[point.name] = f"{source} does not import: {error!r}"
                continue
            self._add_all(found, source)

    def _add_all(self, found: Any, source: str) -> None:
        """Register an entry, or a tuple of them."""
        for entry in found if isinstance(found, tuple) else (found,):
            self.add(entry, source)

    def get(self, name: str) -> T:
        """Return an entry; CatalogueError if there is none, or its package does not import."""
        if name in self.entries:
            return self.entries[name]
        if name in self.broken:
            raise CatalogueError(
                f"The {self.kind} {name} was asked for, and {self.broken[name]}. Mend or remove "
                f"that package."
            )
        known = ", ".join(self.entries)
        raise CatalogueError(f"There is no {self.kind} {name!r}. Known are {known}.")


def _imported(package: str, module: str) -> ModuleType:
    """Return a module of a package; CatalogueError, which names its file, if it does not import."""
    path = Path(importlib.import_module(package).__path__[0]) / f"{module}.py"
    try:
        return importlib.import_module(f"{package}.{module}")
    except CatalogueError:
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == f"{package}.{module}":
            why = f"is not there, and {package} lists {module!r}. Make it, or correct the list"
        elif isinstance(error, ModuleNotFoundError):
            why = f"needs the module {error.name}, which is not there. Install it, or correct it"
        else:
            why = f"does not import ({type(error).__name__}: {error}). Correct it"
        raise CatalogueError(f"{path} {why}.") from error


def check_name(name: str, pattern: str, taken: Iterable[str] = ()) -> None:
    """Refuse a name (ValueError) that is no file name, holds markup, or means something else."""
    if len(name) > LONGEST_NAME or not re.fullmatch(pattern, name):
        raise ValueError(
            f"a name must match {pattern} and have at most {LONGEST_NAME} characters, since files "
            f"and tables carry it; got {name!r}"
        )
    if name.lower() in {word.lower() for word in taken}:
        raise ValueError(f"the name {name!r} means something else in the files of a comparison")
