"""A solver of a person's own: the YAML file that describes it, and the parameters of its stage."""

import os
import shutil
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, ValidationError, field_validator

from tasks.core import StrictModel
from tasks.core.files.named_files import KnownFile, describe

# What a word of the command may name, in braces.
SCAN, OUT, WORK, SEED, THREADS = PLACEHOLDERS = ("scan", "out", "work", "seed", "threads")
NEEDED = (SCAN, OUT)
LARGEST_BYTES = 2**16
CURE = "See docs/your_own_solver.md for an example."
Colour = Annotated[str, Field(pattern="^#[0-9A-Fa-f]{6}$")]


class SolverDescription(StrictModel):
    """Content of the YAML file: a command that reads a scan and writes an object."""

    name: str = Field(min_length=1, description="Name in tables, files and figures")
    command: tuple[str, ...] = Field(
        min_length=1,
        description="Program and its arguments, a list: no shell reads them. {scan}, {out}, "
        "{work}, {seed} and {threads} are filled in, and {{ and }} stand for braces. A word that "
        "names a file, seen from the folder of the YAML file, is that file",
    )
    time_limit_s: float = Field(
        gt=0,
        le=30 * 24 * 3600,
        allow_inf_nan=False,
        description="Time on the clock after which the command and all that it started are ended",
    )
    out: str = Field(
        "object.npy",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="Name of the file that the command writes; its ending says the format",
    )
    threads: int = Field(1, ge=1, le=1024, description="Threads that it may start")
    description: str | None = Field(None, min_length=1, max_length=120, description="What it is")
    colour: Colour | None = Field(None, description="Colour in figures, #RRGGBB")
    dark_colour: Colour | None = Field(None, description="Colour on a dark ground, #RRGGBB")

    @field_validator("command", mode="before")
    @classmethod
    def _command_is_a_list(cls, value: object) -> object:
        if isinstance(value, str):
            raise ValueError(
                f"The command is a list of words, since no shell reads it: write {value.split()}."
            )
        if isinstance(value, list):
            if any(isinstance(word, dict) for word in value):
                raise ValueError(
                    'Words in braces stand in quotes, such as "{scan}": YAML takes them for tables.'
                )
            # YAML reads a bare 3 as a number.
            return [str(word) if isinstance(word, int | float) else word for word in value]
        return value

    @field_validator("command")
    @classmethod
    def _placeholders_are_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        found: set[str] = set()
        for word in value:
            try:
                parts = list(string.Formatter().parse(word))
            except ValueError as error:
                raise ValueError(
                    f"The word {word!r} has a brace alone: write {{{{ or }}}} for one."
                ) from error
            for _, name, form, conversion in parts:
                if name is None:
                    continue
                if name not in PLACEHOLDERS or form or conversion:
                    known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
                    raise ValueError(f"The word {word!r} names none of {known}.")
                found.add(name)
        missing = [f"{{{name}}}" for name in NEEDED if name not in found]
        if missing:
            raise ValueError(f"The command lacks {' and '.join(missing)}: {value}.")
        return value

    def files(self, folder: Path) -> list[Path]:
        """Return the words of the command that are files, seen from a folder."""
        return [path for word in self.command if (path := folder / word).is_file()]

    def words(self, folder: Path, values: Mapping[str, str]) -> list[str]:
        """Return the command with its placeholders filled in, and files by their whole paths.

        Raises:
            ValueError: If its program is not there.
        """
        program = self.command[0]
        path = folder / program
        if not (os.access(path, os.X_OK) if path.is_file() else shutil.which(program)):
            fault = "cannot be executed" if path.is_file() else "is neither on the PATH nor a file"
            raise ValueError(
                f"The command of {self.name} starts with {program!r}, which {fault}. Install it, "
                f"name it by its whole path, or make it executable."
            )
        return [
            str((folder / word).absolute())  # a link, as that of an environment, stays one
            if (folder / word).is_file()
            else word.format_map(values)
            for word in self.command
        ]


def read_solver(path: Path) -> SolverDescription:
    """Read the description of a solver.

    Raises:
        ValueError: If the file is not there, no YAML, or does not describe a command.
    """
    if not path.is_file():
        raise ValueError(f"The solver {path} is not there. Give the path of a YAML file. {CURE}")
    if path.stat().st_size > LARGEST_BYTES:
        raise ValueError(f"The solver {path} is no description: it is too large. {CURE}")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"The solver {path} cannot be read as YAML ({error}). {CURE}") from error
    if not isinstance(content, dict):
        raise ValueError(f"The solver {path} holds no fields such as name and command. {CURE}")
    try:
        return SolverDescription.model_validate(content)
    except ValidationError as error:
        faults = describe(error, {}).replace("--", "").rstrip(".")
        raise ValueError(f"The solver {path} does not fit: {faults}. {CURE}") from error


class CommandParams(StrictModel):
    """A command, by the content of its description and of the files that it names."""

    name: str = Field(min_length=1, description="Arm that it is")
    solver: KnownFile = Field(description="Description of the command (YAML)")
    files: tuple[KnownFile, ...] = Field((), description="Files that the command names")
    seed: int = Field(123, ge=0, description="What {seed} is filled in with")
