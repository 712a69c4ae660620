"""What the command line names: rows of the table, the files behind them, and where to write."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tasks.catalogue.reconstruction import Role
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.catalogue.registry import check_name
from tasks.object_readers.tiff import SUFFIXES, name_of

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9 ._+-]*"
# What files of a comparison, or functions that write them, call something else.
TAKEN = (
    *("truth", "reference", "scan", "view", "model", "metric"),
    *("mask", "corner_px", "rectangle_px", "path", "file", "allow_pickle"),
)


def named_files(words: Sequence[str]) -> dict[str, Path]:
    """Return the files of words such as `NAME=FILE` or `FILE`, by the names of their rows.

    Without a name a row is called like its file, without the ending.

    Raises:
        ValueError: If there is none, a name will not do, two are equal, or a file is missing.
    """
    if not words:
        raise ValueError("There is nothing to score. Name at least one file that holds an object.")
    found: dict[str, Path] = {}
    for word in words:
        name, path = _name_and_path(word)
        entries = RECONSTRUCTIONS.entries.values()
        taken = (*TAKEN, *(one.name for one in entries if one.role is Role.CONTROL))
        try:
            check_name(name, NAME_PATTERN, taken)
        except ValueError as error:
            raise ValueError(
                f"The row {name!r} needs another name: {error}. Name it as NAME={path}."
            ) from error
        twin = next((other for other in found if other.lower() == name.lower()), None)
        if twin is not None:
            raise ValueError(
                f"Two rows are called {name!r}: {found[twin]} and {path}. Name one of them as "
                f"OTHER={path}."
            )
        if not path.is_file():
            raise ValueError(f"{path} is not there. Give the path of a file that holds an object.")
        found[name] = path
    return found


def _name_and_path(word: str) -> tuple[str, Path]:
    """Return the name of a row and its file; a file whose name has an equal sign is itself."""
    name, equal, file = word.partition("=")
    if equal and file and not Path(word).is_file():
        return name, Path(file)
    path = Path(word)
    return (name_of(path) if path.suffix.lower() in SUFFIXES else path.stem), path


def pixel_sizes(words: Sequence[str], names: Sequence[str]) -> dict[str, float]:
    """Return sides of pixels [m] by name, of words such as `2e-8` (named "") or `NAME=2e-8`.

    Raises:
        ValueError: If a word is no positive number, or has a name that is none of the names.
    """
    found: dict[str, float] = {}
    for word in words:
        name, equal, text = word.rpartition("=")
        if equal and name not in names:
            raise ValueError(
                f"--pixel-size {word!r} names no row. Choose one of: {', '.join(names)}."
            )
        number = re.fullmatch(r"\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?", text)
        if not number or not float(text) > 0:
            raise ValueError(
                f"--pixel-size {word!r} must be a length [m], such as 2e-8 or NAME=2e-8."
            )
        found[name] = float(text)
    return found


def check_folder(folder: Path) -> None:
    """Refuse a folder (ValueError) that cannot be written into, without making it."""
    above = folder
    while not above.exists() and above != above.parent:
        above = above.parent
    if not above.is_dir():
        raise ValueError(f"{above} is a file, not a folder. Name another folder with --out.")
    if not os.access(above, os.W_OK | os.X_OK):
        raise ValueError(f"{above} cannot be written to. Name another folder with --out.")
