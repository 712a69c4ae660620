"""`python -m deployments.deploy`: make a server what `pools.yaml` and `prefect.yaml` declare."""

import sys
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound

from deployments.applied import apply_automation, apply_deployment, apply_pool
from deployments.automations import automations
from deployments.command import run_command
from deployments.connection import connected
from deployments.declared import declared_deployments, declared_pools, declared_pull_steps
from tasks.commands import new_app, say
from tasks.runtime.errors import BadInputError

NOTIFY_VARIABLE = "PHASE_G_NOTIFY_BLOCK"


def deploy(
    *names: str,
    gpus: Annotated[int, Parameter(env_var="PHASE_G_GPUS")] = 1,
    notify: Annotated[str, Parameter(env_var=NOTIFY_VARIABLE)] = "",
) -> int:
    """Create or update pools, queues, deployments and automations; nothing else is touched.

    Parameters
    ----------
    names
        Deployments such as phase-g/local; all of them when none is named.
    gpus
        GPUs of the GPU pool: it and each of its deployments take as many runs at once.
    notify
        Block that people are told by, such as slack-webhook/beamline; without it the server's
        events and log tell alone.
    """
    if gpus < 1:
        raise BadInputError(f"--gpus must be at least 1, got {gpus}. Give the number of GPUs.")
    wanted = [one.with_gpus(gpus) for one in declared_deployments(names)]
    pull_steps = declared_pull_steps()
    payloads = [(one, one.payload(one.flow(), pull_steps)) for one in wanted]
    flow_names = sorted({one.slug.partition("/")[0] for one in declared_deployments()})
    with connected() as client:
        block = _notification(client, notify) if notify else None
        changes = [line for pool in declared_pools(gpus) for line in apply_pool(client, pool)]
        for one, payload in payloads:
            changes += apply_deployment(client, one, payload)
        for automation in automations(flow_names, block):
            changes += apply_automation(client, automation)
        for line in changes or ["Nothing to change: the server has it all."]:
            say(line)
    return 0


def _notification(client: SyncPrefectClient, name: str) -> UUID:
    """Return the block of a name such as `slack-webhook/beamline`."""
    kind, _, block = name.partition("/")
    try:
        return client.read_block_document_by_name(block, block_type_slug=kind).id
    except ObjectNotFound as error:
        raise BadInputError(
            f"The server has no block {name!r}. Make it in the UI below Blocks, and name it by "
            f"type and name, such as slack-webhook/beamline."
        ) from error


if __name__ == "__main__":
    sys.exit(run_command(new_app("deployments.deploy", deploy)))
