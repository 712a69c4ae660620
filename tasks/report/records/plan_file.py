"""`plan/plan.json`: what a run is, read back."""

from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field

from tasks.core.study.hub_layout import PLAN
from tasks.core.study.stage_record import StageCall
from tasks.report.records.record_model import Dose, Record, Replicate, Text, Version, read_record


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
    publisher: str | None = Field(None, description="Who publishes the hub, where it was told")
    stages: list[PlannedStage] = Field(min_length=1)


def read_plan(hub: Path) -> PlanFile | None:
    """Return the plan of a hub; None where there is none, as beside tables from elsewhere.

    Raises:
        ValueError: If it is not JSON, or not the plan of a run.
    """
    path = hub / PLAN
    if not path.is_file():
        return None
    cure = (
        "It is not the plan of a run: put the old one back, or move it away to report on the "
        "tables alone."
    )
    return read_record(PlanFile, path, cure)
