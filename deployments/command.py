"""How the commands of this folder are run."""

import sys
from collections.abc import Sequence

from cyclopts import App

from flows.cli.command_line import OPTIONS
from tasks.commands import run_app
from tasks.runtime.errors import BadInputError


def run_command(app: App, words: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code: what the function returns, or 2 for bad input.

    Args:
        app: The command line.
        words: Arguments; those of this process without.
    """
    arguments = sys.argv[1:] if words is None else words
    return run_app(app, arguments, options=OPTIONS, refusal=BadInputError)
