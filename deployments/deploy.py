"""`python -m deployments.deploy`: make a server what `pools.yaml` and `prefect.yaml` declare."""

if __name__ == "__main__":
    # Before the imports below, which load the catalogues.
    from tasks.commands import launch

    launch("deployments.deploy")

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from cyclopts import Parameter
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    DeploymentScheduleUpdate,
    DeploymentUpdate,
    WorkPoolCreate,
    WorkPoolUpdate,
)
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound
from prefect.workers.utilities import get_default_base_job_template_for_infrastructure_type

from deployments.automations import as_compared, automations
from deployments.connection import connected, run_command
from deployments.declared import (
    Deployment,
    Pool,
    Queue,
    declared_deployments,
    declared_pools,
    declared_pull_steps,
)
from tasks.commands import new_app, say
from tasks.runtime.errors import BadInputError

Changes = Iterable[str]


def deploy(
    *names: str,
    gpus: Annotated[int, Parameter(env_var="PHASE_G_GPUS")] = 1,
    notify: Annotated[str, Parameter(env_var="PHASE_G_NOTIFY_BLOCK")] = "",
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


def differing(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Return the names whose wanted value is not the one found."""
    return [name for name, value in wanted.items() if found.get(name) != value]


def apply_pool(client: SyncPrefectClient, pool: Pool) -> Changes:
    """Make a pool and its queues what is declared, and yield a line a change."""
    wanted = {"description": pool.description, "concurrency_limit": pool.concurrency_limit}
    try:
        found = client.read_work_pool(pool.name)
    except ObjectNotFound:
        template = asyncio.run(get_default_base_job_template_for_infrastructure_type(pool.type))
        client.create_work_pool(
            WorkPoolCreate(
                name=pool.name, type=pool.type, base_job_template=template or {}, **wanted
            )
        )
        yield f"pool {pool.name}: created"
    else:
        changed = differing(wanted, found.model_dump(mode="json"))
        if changed:
            client.update_work_pool(pool.name, WorkPoolUpdate(**wanted))
            yield f"pool {pool.name}: updated {', '.join(changed)}"
    # In the order of priority: the server moves a queue down when another takes its place.
    for queue in sorted(pool.queues, key=lambda queue: queue.priority):
        yield from _apply_queue(client, pool.name, queue)


def _apply_queue(client: SyncPrefectClient, pool: str, queue: Queue) -> Changes:
    wanted = queue.model_dump(exclude={"name"})
    try:
        found = client.read_work_queue_by_name(queue.name, work_pool_name=pool)
    except ObjectNotFound:
        client.create_work_queue(queue.name, work_pool_name=pool, **wanted)
        yield f"queue {pool}/{queue.name}: created"
    else:
        changed = differing(wanted, found.model_dump(mode="json"))
        if changed:
            client.update_work_queue(found.id, **wanted)
            yield f"queue {pool}/{queue.name}: updated {', '.join(changed)}"


def apply_deployment(
    client: SyncPrefectClient, deployment: Deployment, wanted: Mapping[str, Any]
) -> Changes:
    """Make a deployment, whose pool is there, what its payload says; yield a line if it changed."""
    try:
        found = client.read_deployment_by_name(deployment.slug)
    except ObjectNotFound:
        flow_id = client.create_flow_from_name(deployment.slug.partition("/")[0])
        schedules = [DeploymentScheduleCreate.model_validate(s) for s in wanted["schedules"]]
        client.create_deployment(
            flow_id, deployment.name, **{**wanted, "schedules": schedules or None}
        )
        yield f"deployment {deployment.slug}: created"
        return
    changed = differing(wanted, declared_part(found))
    if changed:
        update = {name: wanted[name] for name in changed}
        if "schedules" in update:
            update["schedules"] = [
                DeploymentScheduleUpdate.model_validate(s) for s in wanted["schedules"]
            ]
        client.update_deployment(found.id, DeploymentUpdate(**update))
        yield f"deployment {deployment.slug}: updated {', '.join(changed)}"


def declared_part(found: DeploymentResponse) -> dict[str, Any]:
    """Return what a server knows of a deployment in the form of a payload.

    Whether it is paused, and a schedule active, is up to people and left out.
    """
    known = found.model_dump(mode="json")
    limit = found.global_concurrency_limit
    return {
        **known,
        "tags": list(found.tags),
        "concurrency_limit": limit.limit if limit else None,
        "concurrency_options": {
            "collision_strategy": (known["concurrency_options"] or {}).get("collision_strategy")
        },
        "schedules": [
            {name: schedule[name] for name in ("slug", "schedule", "parameters")}
            for schedule in known["schedules"]
        ],
    }


def apply_automation(client: SyncPrefectClient, wanted: AutomationCore) -> Changes:
    """Make an automation what is declared, and yield a line if it changed."""
    same_name = client.read_automations_by_name(wanted.name)
    if not same_name:
        client.create_automation(wanted)
        yield f"automation {wanted.name!r}: created"
        return
    found = same_name[0]
    changed = differing(as_compared(wanted), as_compared(found))
    if changed:
        kept = wanted.model_copy(update={"enabled": found.enabled})
        client.update_automation(found.id, kept)
        yield f"automation {wanted.name!r}: updated {', '.join(changed)}"


main = partial(run_command, new_app("deployments.deploy", deploy))
