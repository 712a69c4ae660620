"""What a run was and took: its plan as a person would tell it, machine and stages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from tasks.core.study.seeds import Split
from tasks.core.study.stage_record import StageRecord
from tasks.report.page.page_files import PageFiles
from tasks.report.page.run_facts import Facts
from tasks.report.records.hub_contents import PlanFile, PlannedStage, used_parameters

UNKNOWN = "–"


@dataclass(frozen=True)
class Provenance:
    """What it takes to repeat a run."""

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
    taken = [UNKNOWN] * 3
    if (record := files.record(stage.manifest, StageRecord)) is not None:
        taken = [f"{record.wall_s:.1f}", f"{record.cpu_s:.1f}", f"{record.peak_memory_mib:.0f}"]
    return (
        [stage.stage, stage.phase, *taken],
        files.link(stage.manifest) if record else None,
        files.link(stage.log) if files.has(stage.log) else None,
    )


def plan_facts(parameters: Mapping[str, Any]) -> Facts:
    """Return what the run was asked for, name and value; what the plan does not say is left out."""
    return [(name, value) for name, value in _plan_facts(parameters) if parameters and value]


def _plan_facts(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    used = used_parameters(parameters)

    def of(*names: str) -> Any:
        value: Any = used
        for name in names:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    def kind(name: str) -> str:
        return str(of(name, "kind") or "").replace("_", " ")

    doses = _listed(of("photons_per_pattern"), of("doses"))
    numbers = ", ".join(f"{dose:g}" for dose in doses if isinstance(dose, int | float))
    yield "dose", f"{numbers} photons per pattern" if numbers else ""
    yield "view", ", ".join(map(str, _listed(of("view"), of("views"))))
    splits = of("splits")
    named = splits if isinstance(splits, list) and splits else [split.value for split in Split]
    yield "splits", ", ".join(map(str, named))
    yield "profile", str(of("profile") or "")
    yield "seeds", _seeds_text(of("seed"), of("seeds"))
    yield "sample", kind("sample")
    yield "probe", kind("probe")
    yield "scan", of("scan") if isinstance(of("scan"), str) else kind("scan")
    yield "labels", str(of("labels") or "")
    yield "networks", " on ".join(str(name) for name in (of("architecture"), of("backend")) if name)


def _listed(one: Any, many: Any) -> list[Any]:
    """Return the one value of a run of one condition, or the many of a sweep."""
    if one is not None:
        return [one]
    return many if isinstance(many, list) else []


def _seeds_text(seed: Any, count: Any) -> str:
    if not isinstance(seed, int):
        return ""
    n = count if isinstance(count, int) else 1
    return ", ".join(str(seed + i) for i in range(n)) if n <= 12 else f"{seed} to {seed + n - 1}"
