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
class Provenance:
    """What it takes to repeat a run.

    Attributes:
        facts: Source, machine and time of the plan.
        versions: Packages and their versions.
        parameters: All parameters, as JSON.
        stages: Every planned stage: name, phase, and what it took; then the links to its record and
            its log, None without.
        missing: Stages whose outputs are not all there.
    """

    facts: Facts
    versions: Facts
    parameters: str
    stages: tuple[tuple[list[str], str | None, str | None], ...]
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


def _line(files: PageFiles, stage: PlannedStage) -> tuple[list[str], str | None, str | None]:
    record = files.read(stage.manifest, lambda path: StageRecord.model_validate(read_json(path)))
    taken = [UNKNOWN] * 3
    if record is not None:
        seconds = (f"{value:.1f}" for value in (record.wall_s, record.cpu_s))
        taken = [*seconds, f"{record.peak_memory_mib:.0f}"]
    return (
        [stage.stage, stage.phase, *taken],
        files.link(stage.manifest) if record else None,
        files.link(stage.log) if files.has(stage.log) else None,
    )
