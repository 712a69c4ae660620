"""What parameters name: things of a catalogue, and files, whose content is a parameter too.

Also files that hold parameters themselves.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, Field, ValidationError, model_validator

from tasks.core import StrictModel
from tasks.core.files.atomic_files import read_json, sha256_of

Thing = TypeVar("Thing")
Model = TypeVar("Model", bound=BaseModel)
Fingerprint = Annotated[
    str | None,
    Field(description="SHA-256 of the file; filled in, so that a changed file is noticed"),
]
PATH_FIELDS = ("path", "file")
OPTION = "--parameters"
CURE = "Name a JSON or YAML file of parameters by name, such as the parameters.json of a scan."


class CatalogueError(ValueError):
    """A catalogue is not in order; says what cures it."""


def catalogue(what: str, *entries: tuple[str, Thing]) -> dict[str, Thing]:
    """Return things by name, in their order; CatalogueError says `what` they are, for twins."""
    found: dict[str, Thing] = {}
    for name, thing in entries:
        if name in found:
            raise CatalogueError(f"There are two {what}s called {name!r}. Rename one of them.")
        found[name] = thing
    return found


def name_field(default: str, names: Collection[str], description: str) -> Any:
    """Return the field of a parameter that names a thing of a catalogue; a form shows a list."""
    return Field(
        default,
        description=f"{description}: {', '.join(names)}",
        json_schema_extra={"enum": list(names)},
    )


def known_name(name: str, names: Collection[str], what: str) -> str:
    """Return a name that a catalogue has; raises ValueError if it has none of this name."""
    if name not in names:
        raise ValueError(f"Unknown {what} {name!r}. Choose one of: {', '.join(names)}.")
    return name


def one_of(names: Collection[str], what: str) -> AfterValidator:
    """Return the validator of a field that `known_name` checks."""
    return AfterValidator(partial(known_name, names=names, what=what))


def fingerprint_of(field: str, what: str, of_folder: Callable[[Path], str] | None = None) -> Any:
    """Return a model's validator that fills in or checks `file_sha256` of the file of a field.

    `of_folder` returns the SHA-256 of a folder; none: it has to be a file.
    """

    def fill_in(values: object) -> object:
        return _with_fingerprint(values, field, what, of_folder)

    return model_validator(mode="before")(fill_in)


class KnownFile(StrictModel):
    """A file of any folder, by its content."""

    path: Path
    file_sha256: Fingerprint = None
    _know_the_file = fingerprint_of("path", "The file")


def _with_fingerprint(
    values: object, field: str, what: str, of_folder: Callable[[Path], str] | None
) -> object:
    if not isinstance(values, dict) or values.get(field) is None:
        return values
    path = Path(values[field])
    is_folder = of_folder is not None and path.is_dir()
    if not path.is_file() and not is_folder:
        raise ValueError(f"{what} {path} is not there. Give the path of a file.")
    found = of_folder(path) if of_folder is not None and is_folder else sha256_of(path)
    planned = values.get("file_sha256")
    if planned not in (None, found):
        raise ValueError(
            f"{what} {path} has SHA-256 {found}, but {planned} was expected: it was changed "
            f"since. Put the old file back, or leave file_sha256 out to take this one."
        )
    return values | {"file_sha256": found}


def path_below(root: Path, name: str | Path) -> Path | None:
    """Return a path below a folder, every link followed; None where it leads out of it."""
    given, base = Path(name), root.resolve()
    if ".." in given.parts or "\0" in str(given):
        return None
    path = (base / given).resolve()
    return path if path.is_relative_to(base) else None


def without_folders(record: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as they are recorded: a named file by its name and its SHA-256.

    Where a file lay on one machine says nothing on another, and its content is what counts.
    """
    return _renamed(record, lambda path: PurePath(path).name)


def seen_from(folder: Path, record: dict[str, Any]) -> dict[str, Any]:
    """Return parameters whose named files are found from a folder, with forward slashes."""
    base = folder.resolve()
    return _renamed(
        record, lambda path: Path(os.path.relpath(Path(path).resolve(), base)).as_posix()
    )


def with_whole_paths(record: dict[str, Any]) -> dict[str, Any]:
    """Return parameters whose named files are found from any folder of this machine."""
    return _renamed(record, lambda path: Path(path).resolve().as_posix())


def _renamed(record: dict[str, Any], rename: Callable[[str], str]) -> dict[str, Any]:
    """Return parameters with every path of a fingerprinted file renamed."""
    is_named = record.get("file_sha256") is not None
    renamed = {}
    for key, value in record.items():
        if isinstance(value, dict):
            value = _renamed(value, rename)
        elif isinstance(value, list | tuple):
            value = [_renamed(one, rename) if isinstance(one, dict) else one for one in value]
        elif is_named and key in PATH_FIELDS and value is not None:
            value = rename(value)
        renamed[key] = value
    return renamed


def read_record(path: Path, model: type[Model], what: str, cure: str) -> Model:
    """Read JSON as a model; ValueError that names the file, what it should be, and the cure."""
    try:
        return model.model_validate(read_json(path))
    except ValidationError as error:
        raise ValueError(f"{path} is not {what} ({error}). {cure}") from error


def named_parameter_file(words: Sequence[str]) -> Path | None:
    """Return the file that `--parameters` names; needed before the other options are read."""
    for position, word in enumerate(words):
        name, _, value = word.partition("=")
        if name == OPTION and (value or position + 1 < len(words)):
            return Path(value or words[position + 1])
    return None


def read_parameters(path: Path) -> dict[str, Any]:
    """Read parameters from YAML, as JSON is too; ValueError if the file holds something else."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}). {CURE}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is neither JSON nor YAML ({error}). {CURE}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} holds no parameters by name. {CURE}")
    return content


def describe(error: ValidationError, options: Mapping[str, str]) -> str:
    """Return what is wrong with parameters: which option, what came, and what is expected.

    The option of a nested field is called `--probe.n-px`; `options` has the names of those that are
    not called like their field.
    """
    sentences, faults = [], error.errors()
    # A list is too short without its members that are refused: that says nothing new.
    parents = [fault["loc"][:-1] for fault in faults]
    for fault in (f for f in faults if f["type"] != "too_short" or f["loc"] not in parents):
        fields = [part for part in fault["loc"] if isinstance(part, str)]
        name = ".".join(options.get(field, field).replace("_", "-") for field in fields)
        option = f"--{name}" if name else "parameters"
        # What does not fit together has the whole group for its input.
        is_group = isinstance(fault["input"], Mapping)
        shown = option if is_group else f"{option} {fault['input']!r}"
        sentences.append(f"{shown}: {fault['msg'].removeprefix('Value error, ')}")
    return "; ".join(sentences)
