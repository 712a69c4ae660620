"""Where a page comes from: versions, source, machine, parameters, and every stage with its cost."""

from dataclasses import dataclass

import orjson

from tasks.core.files.atomic_files import read_json
from tasks.core.study.stage_record import StageRecord
from tasks.report.page.page_files import PageFiles
from tasks.report.page.run_facts import Facts
from tasks.report.records.plan_file import PlanFile, PlannedStage

UNKNOWN = "–"


@dataclass(frozen=True)
class StageLine:
    """One stage: its name and phase, what it took, and where its record and log lie."""

    stage: str
    phase: str
    wall: str
    cpu: str
    memory: str
    record: str | None
    log: str | None


@dataclass(frozen=True)
class Provenance:
    """What it takes to repeat a run.

    Attributes:
        facts: Source, machine and time of the plan.
        versions: Packages and their versions.
        parameters: All parameters, as JSON.
        stages: Every planned stage.
        missing: Stages whose outputs are not all there.
    """

    facts: Facts
    versions: Facts
    parameters: str
    stages: tuple[StageLine, ...]
    missing: tuple[str, ...]


def provenance_of(files: PageFiles, plan: PlanFile | None) -> Provenance:
    """Return the provenance that a plan and the records of its stages tell."""
    if plan is None:
        return Provenance([], [], "{}", (), ())
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    return Provenance(
        facts=[(name, value) for name, value in _facts(plan) if value],
        versions=sorted(plan.versions.items()),
        parameters=orjson.dumps(plan.parameters, option=options).decode(),
        stages=tuple(_line(files, stage) for stage in plan.stages),
        missing=tuple(
            stage.stage
            for stage in plan.stages
            if not all(files.has(path) for path in stage.outputs.values())
        ),
    )


def _facts(plan: PlanFile) -> Facts:
    machine = plan.machine
    dirty = " with changes that are not committed" if plan.git.get("dirty") is True else ""
    cores = f"{machine['cores']} cores" if "cores" in machine else ""
    memory = f"{machine['memory_gib']} GiB" if "memory_gib" in machine else ""
    kind = " ".join(str(machine[name]) for name in ("system", "architecture") if name in machine)
    return [
        ("source", f"commit {plan.git['commit']}{dirty}" if plan.git.get("commit") else ""),
        ("machine", ", ".join(filter(None, (kind, cores, memory)))),
    ]


def _line(files: PageFiles, stage: PlannedStage) -> StageLine:
    record = files.read(stage.manifest, lambda path: StageRecord.model_validate(read_json(path)))
    return StageLine(
        stage=stage.stage,
        phase=stage.phase,
        wall=UNKNOWN if record is None else f"{record.wall_s:.1f}",
        cpu=UNKNOWN if record is None else f"{record.cpu_s:.1f}",
        memory=UNKNOWN if record is None else f"{record.peak_memory_mib:.0f}",
        record=files.link(stage.manifest) if record else None,
        log=files.link(stage.log) if files.has(stage.log) else None,
    )
