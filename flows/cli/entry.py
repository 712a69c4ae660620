"""The start of a command line: the temporary server of Prefect starts while the rest loads."""

import importlib
import sys

from flows.cli.local_server import the_local_server
from tasks.runtime.garbage_collection import collected_rarely

WITHOUT_A_RUN = {"--help", "-h", "--collect-only", "--report-only", "--post-verify-only"}


def launch(module: str) -> int:
    """Run the command line of a module and return its exit code.

    Args:
        module: Dotted name; its `main` takes the words of this process.
    """
    with collected_rarely():
        if WITHOUT_A_RUN.isdisjoint(sys.argv[1:]):
            the_local_server()
        return int(importlib.import_module(module).main())
