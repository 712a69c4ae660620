"""What command lines share: options, a file of parameters, exit codes, and how they refuse."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cyclopts import App, CycloptsError, Parameter
from cyclopts.config import Dict
from pydantic import ValidationError
from rich.console import Console

from tasks.core.files.named_files import describe, named_parameter_file, read_parameters

EXIT_SUCCESS, EXIT_FAILED, EXIT_BAD_INPUT, EXIT_INTERRUPTED = 0, 1, 2, 130


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
    """Return a command line that draws its options from a function's parameters.

    Args:
        module: Dotted name of the module that is run.
        run_it: Returns the exit code; none where the command line has commands instead.
        what_it_does: The help; that of the function's docstring without.
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
    refusal: type[ValueError] = ValueError,
) -> int:
    """Run a command line and return its exit code.

    Args:
        app: The command line.
        words: Its words; the defaults are those of the file that `--parameters` names among them.
        commands: The commands that take such defaults; none where there is one thing to do.
        options: Names of options that are not called like their field.
        refusal: What stands for bad input; other errors are faults of the program, and raised.

    Returns:
        What the function returns, or 2 for bad input, which is explained on standard error.
    """
    named = options or {}
    try:
        _take_defaults(app, named_parameter_file(words), commands)
    except ValueError as error:
        return refuse(str(error))
    try:
        return int(app(list(words), exit_on_error=False, print_error=False) or EXIT_SUCCESS)
    except CycloptsError as error:
        cause = error.__cause__
        return refuse(describe(cause, named) if isinstance(cause, ValidationError) else str(error))
    except ValidationError as error:
        return refuse(describe(error, named))
    except refusal as error:
        return refuse(str(error))


def _take_defaults(app: App, parameter_file: Path | None, commands: Sequence[str]) -> None:
    """Take the defaults of a command line from a file, where there is one.

    Raises:
        ValueError: If the file cannot be read.
    """
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
