"""What a hub holds besides numbers: its plan, `plan/plan.json`, its reports and last attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field

from tasks.core.files.atomic_files import read_json
from tasks.core.study.hub_layout import AS_MEASURED, DELTA_SUMMARY, METRICS_SUMMARY, PLAN
from tasks.core.study.stage_record import StageCall
from tasks.report.records.attempts import Attempt, last_attempt
from tasks.report.records.record_model import Dose, Record, Replicate, Text, Version, read_record

# What a measured scan takes the place of.
OF_SIMULATIONS = ("sample", "test_sample", "scan", "size", "probe", "instrument", "fresh_samples")
SMOKE = "The profile smoke only shows that all stages work: its numbers and verdicts mean nothing."


class PlannedCondition(Record):
    """A dose and view of the run; its stages may be shared with others."""

    dose: Dose
    view: Text
    n_replicates: Replicate
    stages: list[str]


class PlannedStage(StageCall):
    """One stage of a plan: what runs, with which parameters, from which files to which."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    log_path: str = Field(alias="log", description="Its log, relative to the hub")
    cache_key: str | None = Field(
        description="Changes with all that its outputs depend on; null before inputs exist"
    )


class PlanFile(Record):
    """Parameters, versions, machine, and every stage."""

    model_config = ConfigDict(title=PLAN)

    schema_version: Version
    written_at: str = Field(description="UTC, YYYY-MM-DDTHH:MM:SSZ")
    parameters: dict[str, Any] = Field(description="What the outputs depend on")
    versions: dict[str, str] = Field(description="Of Python and of packages")
    git: dict[str, Any] = Field({}, description="Commit and cleanliness of the code")
    machine: dict[str, Any] = Field({}, description="What kind of machine, without its name")
    commands_doc: dict[str, Any] = Field({}, description="Document of the commands, and its hash")
    conditions: list[PlannedCondition] = Field([], description="Doses and views of the run")
    own_rows: list[dict[str, Any]] = Field([], description="Rows that this run alone has")
    publisher: str | None = Field(None, description="Who publishes the hub, where it was told")
    stages: list[PlannedStage] = Field(min_length=1)


def read_plan(hub: Path) -> PlanFile | None:
    """Return the plan of a hub, None where there is none; raises ValueError if it is damaged."""
    path = hub / PLAN
    if not path.is_file():
        return None
    cure = (
        "It is not the plan of a run: put the old one back, or move it away to report on the "
        "tables alone."
    )
    return read_record(PlanFile, path, cure)


def profile_warning(plan: PlanFile | None) -> list[str]:
    """Return the sentence to read before the numbers of the profile smoke; none for others."""
    return [SMOKE] if plan and plan.parameters.get("profile") == "smoke" else []


@dataclass(frozen=True)
class HubContents:
    """What is told of a hub; each part may be missing."""

    plan: PlanFile | None
    summary: dict[str, Any] | None
    delta: dict[str, Any] | None
    attempt: Attempt | None

    @classmethod
    def of(cls, hub: Path) -> "HubContents":
        """Read a hub; raises ValueError if a file is not JSON, or not what the flow writes."""
        summary, delta = (_object(hub / name) for name in (METRICS_SUMMARY, DELTA_SUMMARY))
        return cls(read_plan(hub), summary, delta, last_attempt(hub))

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of the run, nested; empty where they are not known."""
        return {} if self.plan is None else self.plan.parameters

    @property
    def versions(self) -> dict[str, str]:
        """Versions of the software that ran, by package; empty where they are not known."""
        return {} if self.plan is None else self.plan.versions

    @property
    def commit(self) -> str | None:
        """Commit of the software that ran; None where it is not known."""
        found = None if self.plan is None else self.plan.git.get("commit")
        return found if isinstance(found, str) else None

    @property
    def title(self) -> str:
        """What was run, in a few words."""
        jobs = (self.summary or {}).get("jobs", [])
        names = dict.fromkeys(
            f"{job['dose']:g} photons per pattern, {job['view']} view" for job in jobs
        )
        return f"Phase G: {'; '.join(names)}" if names else "Phase G"


def leaves(parameters: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested parameters flat, by names with dots, such as `probe.n_px`."""
    found: dict[str, Any] = {}
    for name, value in sorted(parameters.items()):
        if isinstance(value, dict):
            found |= leaves(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = value
    return found


def used_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters without those that a measured scan takes the place of.

    They are as they are for a simulation. For a measured scan `scan` is the name of its file and
    `labels` what a network with labels learns from.
    """
    measured = parameters.get("measured")
    if not isinstance(measured, Mapping):
        return dict(parameters)
    used = {name: value for name, value in parameters.items() if name not in OF_SIMULATIONS}
    if measured.get("labels") == "simulation":
        used["sample"] = parameters.get("sample")
    if not measured.get("thin"):
        used["view"] = AS_MEASURED
    return used | {"scan": measured.get("file"), "labels": measured.get("labels")}


def _object(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    content = read_json(path)
    if not isinstance(content, dict):
        raise ValueError(
            f"{path} must hold a JSON object, got {type(content).__name__}. It was edited or "
            f"damaged: delete it and run the same command again."
        )
    return content
