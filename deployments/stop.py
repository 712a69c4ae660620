"""`python -m deployments.stop`: end what `deployments.serve` has started on this machine."""

import sys
import time
from collections.abc import Iterable

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelling

from deployments.connection import STATE_FILE, connected, run_command, state_folder
from deployments.processes import Service
from tasks.commands import new_app, say
from tasks.runtime.errors import BadInputError

PATIENCE_S = 30.0
POLL_S = 0.5
AT_WORK = (StateType.RUNNING, StateType.CANCELLING)


def stop() -> int:
    """Cancel runs at work, then end workers and server by their process ids.

    What a run has finished stays in its hub, and the next run there goes on with it.
    """
    folder = state_folder()
    server = Service("server", folder)
    if server.process_id() is not None:
        _cancel_runs()
    workers = sorted(path.stem for path in folder.glob("worker-*.pid"))
    for service in [*(Service(name, folder) for name in workers), server]:
        say(service.stop())
    (folder / STATE_FILE).unlink(missing_ok=True)
    return 0


def _cancel_runs() -> None:
    """Cancel what is at work while there is a worker to do it, and wait until it is done."""
    try:
        with connected() as client:
            runs = _at_work(client, (StateType.RUNNING,))
            for run in runs:
                client.set_flow_run_state(run.id, Cancelling())
                say(f"The run {run.name} is cancelled; its hub goes on with the next run there.")
            deadline = time.monotonic() + PATIENCE_S
            while runs and time.monotonic() < deadline:
                time.sleep(POLL_S)
                runs = _at_work(client, AT_WORK)
    except BadInputError as error:
        say(f"Runs at work are not cancelled: {error}")


def _at_work(client: SyncPrefectClient, states: Iterable[StateType]) -> list[FlowRun]:
    kind = FlowRunFilterStateType(any_=list(states))
    return client.read_flow_runs(flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=kind)))


if __name__ == "__main__":
    sys.exit(run_command(new_app("deployments.stop", stop)))
