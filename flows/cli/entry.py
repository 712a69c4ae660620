"""The start of a command line: the temporary server of Prefect starts while the rest loads."""

import importlib
import sys

from flows.cli.local_server import the_local_server
from tasks.runtime.process_lifetime import rare_garbage_collection

WITHOUT_A_RUN = {"--help", "-h", "--collect-only", "--report-only", "--post-verify-only"}


def launch(function: str = "main") -> int:
    """Run a command line and return its exit code.

    Args:
        function: Of `flows.cli.command_line`; it takes the words of this process.
    """
    with rare_garbage_collection():
        if WITHOUT_A_RUN.isdisjoint(sys.argv[1:]):
            the_local_server()
        from tasks.catalogue.registry import CatalogueError

        try:
            command_line = importlib.import_module("flows.cli.command_line")
        except CatalogueError as error:
            from tasks.commands import refuse

            return refuse(str(error))
        return int(getattr(command_line, function)())
