"""`python -m deployments.stop`: end what `deployments.serve` has started on this machine."""

import sys

from deployments.command import app_of, run_app, say
from deployments.connection import STATE_FILE, state_folder
from deployments.processes import Service


def stop() -> int:
    """End workers and server by their process ids; a run at work goes on with the next `make serve`."""
    folder = state_folder()
    workers = sorted(path.stem for path in folder.glob("worker-*.pid"))
    for name in [*workers, "server"]:
        say(Service(name, folder).stop())
    (folder / STATE_FILE).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(run_app(app_of("deployments.stop", stop)))
