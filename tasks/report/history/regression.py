"""Whether a run's deltas are worse than those of the attempt before, and what events say of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tasks.catalogue.headline import SUBJECT, metrics_among
from tasks.report.history.changes import Change, Measured, faults_of
from tasks.report.records.attempts import (
    Deltas,
    Intervals,
    KnownTo,
    interval_record,
    last_comparable,
)
from tasks.report.statistics.deltas import others_of, vs

PUBLISHED_EVENT = "phase-g.delta.published"
REGRESSED_EVENT = "phase-g.delta.regressed"


def find_regressions(hub: Path, delta: dict[str, Any]) -> list[Change]:
    """Return the deltas that are worse than those of the attempt before, beyond their noise.

    Args:
        hub: The hub; its last attempt with deltas and the same parameters counts.
        delta: Content of `metrics_delta_summary.json`.

    Raises:
        ValueError: If the record of attempts, or the plan, is damaged.
    """
    before = last_comparable(hub)
    if before is None or before.deltas is None:
        return []
    after_intervals: Intervals = {
        other: {
            metric: {part: KnownTo.model_validate(entry) for part, entry in parts.items()}
            for metric, parts in metrics.items()
        }
        for other, metrics in interval_record(delta).items()
    }
    return faults_of(
        delta_changes((before.deltas, before.intervals or {}), (delta["deltas"], after_intervals))
    )


def delta_changes(
    before: tuple[Deltas, Intervals], after: tuple[Deltas, Intervals]
) -> list[Change]:
    """Return every delta that two runs tell of; those that neither has are left out."""
    told = {**before[0], **after[0]}
    changes = [
        Change(
            f"{SUBJECT.name} - {other.name}",
            metric.name,
            part,
            measured_delta(*before, (vs(other.name), metric.name, part)),
            measured_delta(*after, (vs(other.name), metric.name, part)),
        )
        for other in others_of(told)
        for metric in metrics_among({name for found in told.values() for name in found})
        for part in metric.parts
    ]
    return [c for c in changes if c.before.value is not None or c.after.value is not None]


def measured_delta(deltas: Deltas, intervals: Intervals, name: tuple[str, str, str]) -> Measured:
    """Return a delta of an attempt, and how well it is known."""
    other, metric, part = name
    value = deltas.get(other, {}).get(metric, {}).get(part)
    known = intervals.get(other, {}).get(metric, {}).get(part, KnownTo())
    return Measured(value, known.half_width, known.kind, known.n or 0)


def event_resource(hub: Path) -> dict[str, str]:
    """Return the resource that events of a hub are about."""
    return {
        "prefect.resource.id": f"phase-g.hub.{hub.name}",
        "prefect.resource.name": hub.name,
    }


def published_payload(delta: dict[str, Any]) -> dict[str, Any]:
    """Return what the event of a publication carries: deltas, and how well they are known."""
    names = ("schema_version", "generated_at", "aggregate_split", "n_replicates", "directions")
    return {
        **{name: delta[name] for name in names},
        "deltas": delta["deltas"],
        "intervals": interval_record(delta),
    }


def regressed_payload(delta: dict[str, Any], regressions: Sequence[Change]) -> dict[str, Any]:
    """Return what the event of a regression carries: what got worse, by how much, how sure."""
    return {
        "generated_at": delta["generated_at"],
        "aggregate_split": delta["aggregate_split"],
        "regressions": [change.as_json for change in regressions],
    }
