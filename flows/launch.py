"""The start of a command line: the temporary server of Prefect starts while the rest loads."""

import importlib
import sys
from contextlib import nullcontext

from flows.local_server import local_server_starting
from tasks.runtime.collector import collected_rarely

WITHOUT_A_RUN = {"--help", "-h", "--collect-only", "--report-only", "--post-verify-only"}


def launch(module: str) -> int:
    """Run the command line of a module and return its exit code.

    Args:
        module: Dotted name; its `main` takes the words of this process.
    """
    runs = WITHOUT_A_RUN.isdisjoint(sys.argv[1:])
    with collected_rarely(), local_server_starting() if runs else nullcontext():
        return int(importlib.import_module(module).main())
