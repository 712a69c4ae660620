"""What a run is asked to have beside the catalogue: `--reconstruction` and `--solver`."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from prefect.runtime import deployment
from pydantic import ValidationError

from flows.params.measured import DATA_ROOT, confined_file, data_root
from tasks.catalogue.own_rows import COLOURS, OwnRow, RowKind, entry_of
from tasks.catalogue.reconstructions import RECONSTRUCTIONS
from tasks.core.files.named_files import path_below
from tasks.core.study.seeds import Split
from tasks.object_readers import read_stored_object
from tasks.reconstruct.command.params import PLACEHOLDERS, SolverDescription, read_solver
from tasks.runtime.errors import BadInputError

RECONSTRUCTION, SOLVER = "--reconstruction", "--solver"
SOLVER_ROOT = "PHASE_G_SOLVER_ROOT"
_WORD = re.compile(r"(?P<name>[^=:]*)(:(?P<split>[^=:]*))?=(?P<file>.+)", re.DOTALL)
SHAPE = "NAME=FILE, or NAME:train=FILE for the training split"


class Asked(Protocol):
    """The options of a run that bring rows."""

    @property
    def reconstruction(self) -> tuple[str, ...]:
        """Words such as `NAME=FILE`."""

    @property
    def solver(self) -> tuple[Path, ...]:
        """Descriptions of commands (YAML)."""

    @property
    def splits(self) -> tuple[Split, ...]:
        """Splits of the run."""


@dataclass(frozen=True)
class NamedObject:
    """A file that a row comes from, for one split."""

    name: str
    split: Split
    path: Path

    @classmethod
    def of(cls, word: str) -> "NamedObject":
        """Take a word apart; ValueError if it is none, or names no split."""
        found = _WORD.fullmatch(word)
        if found is None or not found["name"]:
            raise ValueError(f"{word!r} is not {SHAPE}. Name the row.")
        split = found["split"]
        if split is not None and split not in [one.value for one in Split]:
            known = " and ".join(one.value for one in Split)
            raise ValueError(
                f"{word!r} names the split {split!r}; known are {known}. Give {SHAPE}."
            )
        return cls(found["name"], Split(split or Split.TEST.value), Path(found["file"]))

    @property
    def word(self) -> str:
        """It as a word."""
        part = "" if self.split is Split.TEST else f":{self.split.value}"
        return f"{self.name}{part}={self.path}"


@dataclass(frozen=True)
class OwnRows:
    """What a run has beside the catalogue, read and checked.

    Attributes:
        rows: Rows of the tables.
        objects: Files of those that come from one.
        solvers: Descriptions of commands, by their files.
    """

    rows: tuple[OwnRow, ...] = ()
    objects: tuple[NamedObject, ...] = ()
    solvers: tuple[tuple[Path, SolverDescription], ...] = ()


def named_objects(words: Sequence[str]) -> tuple[NamedObject, ...]:
    """Return the files of `--reconstruction`; ValueError if a word is none, or two are of a row."""
    found: dict[tuple[str, Split], NamedObject] = {}
    for one in map(NamedObject.of, words):
        twin = found.setdefault((one.name.lower(), one.split), one)
        if twin is not one:
            raise ValueError(
                f"Two rows of the {one.split.value} split are called {one.name!r}: {twin.path} and "
                f"{one.path}. Name one of them otherwise."
            )
    return tuple(found.values())


def confined_rows(asked: Asked) -> dict[str, object]:
    """Return both options with the files that they name, below the roots of this machine.

    A form may name files below the data root, and descriptions of solvers below the folder that
    the owner of the worker has named for them: what is typed there never becomes a command.

    Raises:
        BadInputError: If a name leads out of its root, or the run was triggered and has none.
    """
    is_triggered = deployment.id is not None
    root = data_root()
    if asked.reconstruction and is_triggered and root is None:
        raise BadInputError(
            f"A run from a form reads reconstructions below the data root alone, and this worker "
            f"has none. Start it with {DATA_ROOT} naming the folder that holds them."
        )
    objects = [NamedObject.of(word) for word in asked.reconstruction]
    if root is not None:
        objects = [
            NamedObject(one.name, one.split, confined_file(one.path, root, "reconstruction"))
            for one in objects
        ]
    return {
        "reconstruction": tuple(one.word for one in objects),
        "solver": tuple(_confined_solver(path, is_triggered) for path in asked.solver),
    }


def _confined_solver(path: Path, is_triggered: bool) -> Path:
    """Return the description of a solver; that of a form lies below the folder of its owner."""
    if not is_triggered:
        return path
    named = os.environ.get(SOLVER_ROOT, "")
    if not named:
        raise BadInputError(
            f"A run from a form starts no command of its own: {SOLVER} is for the command line. "
            f"The owner of a worker allows it by starting it with {SOLVER_ROOT}, which names the "
            f"folder of the descriptions that a form may choose."
        )
    found = path_below(Path(named), path)
    if found is None or not found.is_file():
        raise BadInputError(
            f"{SOLVER} {path} is no file below the {SOLVER_ROOT} of this worker. Name one of that "
            f"folder, relative to it."
        )
    return found


def own_rows(asked: Asked) -> OwnRows:
    """Read and check what a run is asked to have beside the catalogue.

    Raises:
        BadInputError: If a file cannot be read or holds no finite complex image, a command is not
            there, or a name will not do or is taken.
    """
    try:
        objects = named_objects(asked.reconstruction)
        solvers = tuple((path.resolve(), _checked_solver(path)) for path in asked.solver)
        found: dict[str, OwnRow] = {}
        for one in objects:
            _refuse_unreadable(one, asked.splits)
            if one.name not in found:
                splits = tuple(other.split for other in objects if other.name == one.name)
                row = _row(len(found), one.name, RowKind.FILE, f"read from {one.path.name}", splits)
                _add(found, row, f"{RECONSTRUCTION} {one.word}")
        for path, solver in solvers:
            text = solver.description or "a solver of one's own, run as a command"
            row = _row(len(found), solver.name, RowKind.COMMAND, text)
            row |= solver.model_dump(include={"colour", "dark_colour"}, exclude_none=True)
            _add(found, row, f"{SOLVER} {path.name}")
    except ValueError as error:
        raise BadInputError(str(error)) from error
    return OwnRows(tuple(found.values()), objects, solvers)


def _checked_solver(path: Path) -> SolverDescription:
    """Read the description of a solver whose program is there."""
    solver = read_solver(path)
    solver.words(path.resolve().parent, dict.fromkeys(PLACEHOLDERS, ""))
    return solver


def _refuse_unreadable(one: NamedObject, splits: Sequence[Split]) -> None:
    """Refuse a file that holds no object, or that is of no split of the run."""
    if one.split not in splits:
        raise ValueError(
            f"{RECONSTRUCTION} {one.word} is for the {one.split.value} split, and the run has "
            f"none. Add it to --splits, or give {SHAPE}."
        )
    try:
        read_stored_object(one.path)
    except ValueError as error:
        raise ValueError(f"{RECONSTRUCTION} {one.word}: {error}") from error


def _row(
    number: int, name: str, kind: RowKind, description: str, splits: Sequence[Split] = tuple(Split)
) -> dict[str, object]:
    """Return a row with the colours of its place."""
    colour, dark_colour = COLOURS[number % len(COLOURS)]
    return {
        "name": name,
        "kind": kind,
        "description": description,
        "colour": colour,
        "dark_colour": dark_colour,
        "splits": tuple(splits),
    }


def _add(found: dict[str, OwnRow], facts: Mapping[str, object], source: str) -> None:
    """Add a row; ValueError, which names its source, if its name will not do or is taken."""
    name = str(facts["name"])
    taken = {other.lower(): "a row of this name" for other in found}
    taken |= {other.lower(): f"{other} of the catalogue" for other in RECONSTRUCTIONS.registered}
    if name.lower() in taken:
        raise ValueError(
            f"{source}: there is {taken[name.lower()]} already. Give it another name than {name}."
        )
    try:
        row = OwnRow.model_validate(facts)
        entry_of(row)
    except ValidationError as error:
        why = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ValueError(f"{source}: {why}. Give it another name.") from error
    except ValueError as error:
        raise ValueError(f"{source}: {error}. Give it another name.") from error
    found[name] = row
