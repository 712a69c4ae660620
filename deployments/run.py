"""`python -m deployments.run phase-g/local`: trigger a run as the form does, from a shell."""

if __name__ == "__main__":
    # Before the imports below, which load the catalogues.
    from tasks.commands import launch

    launch("deployments.run")

import sys
import time
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from cyclopts import App, Parameter
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from pydantic import BaseModel

from deployments.connection import connected, refuse_idle_pool, run_command, server_url
from deployments.declared import Deployment, declared_deployments, project_version
from deployments.form import form_schema
from tasks.commands import EXIT_FAILED, EXIT_SUCCESS, new_app, refuse, say
from tasks.runtime.errors import BadInputError

POLL_S = 2.0
# Whose options are shown where help is asked for without a name.
SHOWN = "phase-g/local"
USAGE = "python -m deployments.run phase-g/local --profile smoke --watch"


def make_app(words: Sequence[str]) -> App:
    """Return the command line of the deployment that is named, with its parameters as options.

    BadInputError if the first word names no deployment.
    """
    if not words or words[0].startswith("-"):
        names = ", ".join(one.slug for one in declared_deployments())
        raise BadInputError(f"Name a deployment first ({names}), such as in: {USAGE}")
    (declared,) = declared_deployments([words[0]])
    model: type[BaseModel] = declared.flow().fn.__annotations__["params"]

    def run(
        name: str,
        /,
        *,
        params: Annotated[model, Parameter(name="*")] = model(),  # type: ignore[valid-type]  # noqa: B008
        watch: bool = False,
        queue: str = "",
    ) -> int:
        """Trigger a run on the workers of a deployment.

        Parameters
        ----------
        name
            The deployment. Options that are left out have its own values.
        watch
            Wait for the end of the run; exit code 1 unless it completes.
        queue
            Queue of the pool, such as urgent; without, that of the deployment.
        """
        del name
        with connected() as client:
            return trigger(client, declared, params, queue=queue, watch=watch)

    return new_app("deployments.run", run)


def trigger(
    client: SyncPrefectClient, declared: Deployment, params: BaseModel, *, queue: str, watch: bool
) -> int:
    """Trigger a run, once it is sure that a worker would take it; return the exit code.

    What was not asked for stays the deployment's; an empty queue, too. BadInputError if the server
    does not know it or has another version, no worker is online, or a value is refused.
    """
    found = _known(client, declared)
    refuse_idle_pool(client, client.read_work_pool(declared.work_pool.name))
    own = found.parameters.get("params", {})
    asked = params.model_dump(mode="json", exclude_unset=True)
    try:
        run = client.create_flow_run_from_deployment(
            found.id,
            parameters={"params": merged(own, asked)},
            work_queue_name=queue or None,
        )
    except PrefectHTTPStatusError as error:
        content = error.response.json()
        detail = content.get("detail") or content.get("exception_detail") or content
        raise BadInputError(f"The server refuses the run: {detail}") from error
    base = (server_url() or "").removesuffix("/api")
    say(f"Run {run.name} of {declared.slug}: {base}/runs/flow-run/{run.id}")
    return _watch(client, run.id) if watch else EXIT_SUCCESS


def merged(own: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """Return parameters with what was asked for in place of a deployment's own, group by group."""
    both = {
        name: merged(own[name], value)
        for name, value in asked.items()
        if isinstance(value, dict) and isinstance(own.get(name), dict)
    }
    return own | asked | both


def _known(client: SyncPrefectClient, declared: Deployment) -> DeploymentResponse:
    """Return the deployment as the server has it, if it is of this version."""
    try:
        found = client.read_deployment_by_name(declared.slug)
    except ObjectNotFound as error:
        raise BadInputError(
            f"The server does not know the deployment {declared.slug}. Register it: make deploy"
        ) from error
    if found.parameter_openapi_schema != form_schema(declared.flow()):
        raise BadInputError(
            f"The server has {declared.slug} with the parameters of version {found.version}, this "
            f"is {project_version()}. Bring both to one version: make deploy"
        )
    return found


def _watch(client: SyncPrefectClient, run_id: UUID) -> int:
    """Say every change of a run's state until it ends."""
    told = ""
    while True:
        state = client.read_flow_run(run_id).state
        text = "" if state is None else f"{state.name}  {state.message or ''}".rstrip()
        if text != told:
            say(text)
            told = text
        if state is not None and state.is_final():
            return EXIT_SUCCESS if state.is_completed() else EXIT_FAILED
        time.sleep(POLL_S)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] in (["--help"], ["-h"]):
        words.insert(0, SHOWN)
    try:
        app = make_app(words)
    except ValueError as error:
        return refuse(str(error))
    return run_command(app, words)
