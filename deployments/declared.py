"""What the files of this folder declare: pools with queues, and deployments."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitStrategy
from prefect.client.schemas.schedules import CronSchedule
from prefect.flows import load_flow_from_entrypoint
from pydantic import BaseModel, ConfigDict, Field

from deployments.form import form_schema
from flows.hub.provenance import git_state, versions
from tasks.runtime.errors import BadInputError
from tasks.runtime.process_lifetime import PROJECT

FOLDER = Path(__file__).parent
GPU_POOL = "phase-g-gpu"
SHORT_COMMIT = 10


class Declared(BaseModel):
    """A part of a declaration; what it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Queue(Declared):
    """A queue of a pool; priority 1 goes first."""

    name: str
    priority: int = Field(ge=1)
    description: str


class Pool(Declared):
    """A work pool, and how many runs it takes at once."""

    name: str
    type: str
    description: str
    concurrency_limit: int | None = Field(ge=0)
    queues: tuple[Queue, ...]


class Schedule(Declared):
    """When a deployment runs by itself, and with which parameters."""

    slug: str
    cron: str
    timezone: str
    parameters: dict[str, Any] = {}

    def payload(self) -> dict[str, Any]:
        """Return what Prefect's API is told of it, as JSON."""
        cron = CronSchedule(cron=self.cron, timezone=self.timezone).model_dump(mode="json")
        return {"slug": self.slug, "schedule": cron, "parameters": self.parameters}


class Place(Declared):
    """The pool and queue of a deployment, and what its processes are given."""

    name: str
    work_queue_name: str
    job_variables: dict[str, Any] = {}


class Limit(Declared):
    """How many runs of a deployment there are at once, and what becomes of more."""

    limit: int = Field(ge=1)
    collision_strategy: ConcurrencyLimitStrategy


class Deployment(Declared):
    """A deployment as `prefect.yaml` has it."""

    name: str
    entrypoint: str
    description: str
    tags: tuple[str, ...]
    parameters: dict[str, Any] = {}
    concurrency_limit: Limit
    enforce_parameter_schema: bool
    schedules: tuple[Schedule, ...] = ()
    work_pool: Place

    @property
    def slug(self) -> str:
        """The name with the flow's: functions of flows are called like them."""
        return f"{self.entrypoint.rpartition(':')[2].replace('_', '-')}/{self.name}"

    def with_gpus(self, gpus: int) -> "Deployment":
        """Return the deployment as it is where the GPU pool takes so many runs at once."""
        if self.work_pool.name != GPU_POOL:
            return self
        limit = self.concurrency_limit.model_copy(update={"limit": gpus})
        return self.model_copy(update={"concurrency_limit": limit})

    def flow(self) -> Flow[Any, Any]:
        """Return the flow of the entry point; BadInputError if its file is missing."""
        path, _, function = self.entrypoint.partition(":")
        if not (PROJECT / path).is_file():
            raise BadInputError(
                f"The deployment {self.slug} needs {path}, which is not in {PROJECT}. Update the "
                f"checkout, or name the deployments that you want."
            )
        flow: Flow[Any, Any] = load_flow_from_entrypoint(f"{PROJECT / path}:{function}")
        return flow

    def payload(self, flow: Flow[Any, Any], pull_steps: list[dict[str, Any]]) -> dict[str, Any]:
        """Return what Prefect's API is told of this deployment, as JSON."""
        return {
            "version": project_version(),
            "description": self.description,
            "tags": list(self.tags),
            "parameters": self.parameters,
            "job_variables": self.work_pool.job_variables,
            "work_pool_name": self.work_pool.name,
            "work_queue_name": self.work_pool.work_queue_name,
            "entrypoint": self.entrypoint,
            "pull_steps": pull_steps,
            "parameter_openapi_schema": form_schema(flow),
            "enforce_parameter_schema": self.enforce_parameter_schema,
            "concurrency_limit": self.concurrency_limit.limit,
            "concurrency_options": {
                "collision_strategy": self.concurrency_limit.collision_strategy.value
            },
            "schedules": [schedule.payload() for schedule in self.schedules],
        }


def project_version() -> str:
    """Return version and commit of this checkout, such as `0.1.0+6b5dd3a1c2`."""
    commit = git_state()["commit"]
    return versions()["phase-g"] + (f"+{commit[:SHORT_COMMIT]}" if commit else "")


def declared_pools(gpus: int) -> list[Pool]:
    """Return the pools; that of the GPUs takes as many runs at once as there are."""
    pools = [Pool.model_validate(entry) for entry in _read("pools.yaml")]
    return [
        pool.model_copy(update={"concurrency_limit": gpus}) if pool.name == GPU_POOL else pool
        for pool in pools
    ]


def declared_deployments(slugs: Sequence[str] = ()) -> list[Deployment]:
    """Return deployments, all of them or those that are named, such as `phase-g/local`.

    BadInputError if there is none of that name.
    """
    found = [Deployment.model_validate(entry) for entry in _read("prefect.yaml")["deployments"]]
    known = [deployment.slug for deployment in found]
    unknown = [slug for slug in slugs if slug not in known]
    if unknown:
        raise BadInputError(
            f"There is no deployment {', '.join(unknown)}. Name one of: {', '.join(known)}."
        )
    return [deployment for deployment in found if not slugs or deployment.slug in slugs]


def declared_pull_steps() -> list[dict[str, Any]]:
    """Return how a worker comes to the code."""
    steps: list[dict[str, Any]] = _read("prefect.yaml")["pull"]
    return steps


def _read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
