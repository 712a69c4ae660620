"""What command lines share: options, a file of parameters, exit codes, and how they refuse."""

import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from cyclopts import App, CoercionError, CycloptsError, Parameter, UnusedCliTokensError
from cyclopts.config import Dict
from pydantic import ValidationError
from rich.console import Console

from tasks.core.files.named_files import (
    CatalogueError,
    describe,
    named_parameter_file,
    read_parameters,
)

EXIT_SUCCESS, EXIT_FAILED, EXIT_BAD_INPUT, EXIT_INTERRUPTED = 0, 1, 2, 130


def launch(module: str, function: str = "main") -> NoReturn:
    """Import a command line's module, which a catalogue may refuse; run its function, and end."""
    try:
        sys.exit(getattr(importlib.import_module(module), function)())
    except CatalogueError as error:
        sys.exit(refuse(str(error)))


def say(text: str) -> None:
    """Print a line of the result on standard output."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tell(done: int, total: int, text: str) -> None:
    """Print how far a stage is, as a line."""
    say(f"[{done}/{total}] {text}")


def new_app(
    module: str, run_it: Callable[..., int] | None = None, what_it_does: str | None = None
) -> App:
    """Return the command line of a module, which draws its options from a function's parameters.

    The function returns the exit code; without one there are commands instead. The help is that of
    its docstring unless another is given.
    """
    app = App(
        name=f"python -m {module}",
        help=what_it_does,
        version_flags=[],
        default_parameter=Parameter(negative=(), show_choices=False),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    if run_it is not None:
        app.default(run_it)
    return app


def run_app(
    app: App,
    words: Sequence[str],
    *,
    commands: Sequence[str] = (),
    options: Mapping[str, str] | None = None,
    refused: tuple[type[Exception], ...] = (ValueError, OSError),
) -> int:
    """Run a command line on words; return its exit code, 2 for bad input, which is explained.

    The defaults are those of the file that `--parameters` names, of each of the `commands` where
    there are any. `options` are names of options that are not called like their field. `refused`
    stand for bad input; other errors are faults of the program, and raised.
    """
    named = options or {}
    bad_input: tuple[type[Exception], ...] = (*refused, CatalogueError)
    try:
        _refuse_empty(words)
        _take_defaults(app, named_parameter_file(words), commands)
    except ValueError as error:
        return refuse(str(error))
    try:
        return int(app(list(words), exit_on_error=False, print_error=False) or EXIT_SUCCESS)
    except CycloptsError as error:
        return refuse(_explained(error, named))
    except ValidationError as error:
        return refuse(describe(error, named))
    except BrokenPipeError:
        raise
    except bad_input as error:
        return refuse(why_unusable(error) if isinstance(error, OSError) else str(error))


def why_unusable(error: OSError) -> str:
    """Return which file cannot be read or written, why, and the cure."""
    return (
        f"{error.filename or 'A file'} cannot be used ({error.strerror or error}). Give this user "
        f"the permission, or name another."
    )


def _explained(error: CycloptsError, options: Mapping[str, str]) -> str:
    """Return what is wrong with the words of a command line."""
    if isinstance(error.__cause__, ValidationError):
        return describe(error.__cause__, options)
    if isinstance(error, UnusedCliTokensError):
        return (
            f"Nothing takes {', '.join(map(repr, error.unused_tokens or ()))}: a switch stands "
            f"alone, other options before their value. Leave it out, or see --help."
        )
    if isinstance(error, CoercionError) and error.target_type is bool and error.token is not None:
        return f"{error.token.keyword} {error.token.value!r}: Give true or false, or no value."
    return str(error)


def _refuse_empty(words: Sequence[str]) -> None:
    """Refuse an empty word (ValueError): as a path it would mean the current folder."""
    for before, word in zip(("", *words), words, strict=False):
        name, sign, value = word.partition("=")
        if not (value if sign and name.startswith("--") else word).strip():
            what = name.strip() or (before if before.startswith("--") else "A word")
            raise ValueError(f"{what} is empty. Give a value (is a variable not set?), or none.")


def _take_defaults(app: App, parameter_file: Path | None, commands: Sequence[str]) -> None:
    """Take the defaults of a command line from a file, where there is one that can be read."""
    if parameter_file is not None:
        content = read_parameters(parameter_file)
        defaults = dict.fromkeys(commands, content) or content
        app.config = (Dict(defaults, source=str(parameter_file)),)


def refuse(message: str) -> int:
    """Print what is wrong on standard error, and return the exit code of bad input."""
    say_error(message)
    return EXIT_BAD_INPUT


def say_error(message: str) -> None:
    """Print what is wrong on standard error."""
    Console(stderr=True).print(f"Error: {message}", style="red", markup=False, soft_wrap=True)


def drop_output() -> None:
    """Send the rest of the output nowhere: whoever read it has had enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
