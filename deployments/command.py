"""What the commands of this folder share: how they are called, and how they refuse."""

import sys
from collections.abc import Callable, Sequence

from cyclopts import App, CycloptsError, Parameter
from pydantic import ValidationError
from rich.console import Console

from flows.command_line import EXIT_BAD_INPUT, OPTIONS
from flows.finished_hub import say
from tasks.core.validation import describe
from tasks.runtime.errors import BadInputError

__all__ = ["app_of", "run_app", "say"]


def app_of(module: str, function: Callable[..., int]) -> App:
    """Return the command line of a function.

    Args:
        module: Dotted name of the module that is run.
        function: Returns the exit code; its docstring is the help.
    """
    app = App(
        name=f"python -m {module}",
        version_flags=[],
        default_parameter=Parameter(negative=(), show_choices=False),
        result_action="return_value",
        suppress_keyboard_interrupt=False,
    )
    app.default(function)
    return app


def run_app(app: App, words: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code.

    Args:
        app: The command line.
        words: Arguments; those of this process without.

    Returns:
        What the function returns, or 2 for bad input, which is explained on standard error.
    """
    arguments = list(sys.argv[1:] if words is None else words)
    try:
        return int(app(arguments, exit_on_error=False, print_error=False) or 0)
    except (CycloptsError, ValidationError, BadInputError) as error:
        cause = error.__cause__ if isinstance(error, CycloptsError) else error
        message = describe(cause, OPTIONS) if isinstance(cause, ValidationError) else str(error)
        console = Console(stderr=True)
        console.print(f"Error: {message}", style="red", markup=False, soft_wrap=True)
        return EXIT_BAD_INPUT
