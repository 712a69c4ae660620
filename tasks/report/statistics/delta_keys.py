"""Which deltas there are: of whom, against whom, of what, and what is corrected together."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tasks.catalogue.headline import (
    OTHER_METRICS,
    OTHERS,
    SUBJECT,
    arms_named,
    metrics_among,
    others_among,
)
from tasks.catalogue.metric import Metric
from tasks.catalogue.metrics import METRICS
from tasks.catalogue.reconstruction import Reconstruction
from tasks.report.statistics.paired_scores import DeltaKey

Means = Mapping[str, Mapping[str, Mapping[str, float | None]]]
Families = dict[str, list[DeltaKey]]
_VS = "vs_"


def vs(other: str) -> str:
    """Return the key of the deltas against an arm."""
    return f"{_VS}{other}"


def others_of(deltas: Iterable[str]) -> tuple[Reconstruction, ...]:
    """Return the headline's arms, and the further ones that deltas are against (`vs_<other>`)."""
    return others_among({key.removeprefix(_VS) for key in deltas})


def others_told(deltas: Iterable[str]) -> tuple[Reconstruction, ...]:
    """Return the arms that deltas are against, by their keys `vs_<other>`, and none besides."""
    return arms_named({key.removeprefix(_VS) for key in deltas})


def told_metrics(means: Means) -> tuple[Metric, ...]:
    """Return the metrics that deltas are told of, by the aggregate means of a hub."""
    return metrics_among(means.get(SUBJECT.name, {}))


def delta_families(models: Iterable[str], told: Sequence[Metric]) -> Families:
    """Return all deltas of a hub, by the family that their p-values are corrected in.

    Further arms have families of their own, such as `headline vs ePIE`, so that they move no
    p-value of the others.
    """
    metrics = _metrics_of_families(told)
    found = {family: keys_of(OTHERS, members) for family, members in metrics.items()}
    for other in others_among(set(models))[len(OTHERS) :]:
        for family, members in metrics.items():
            found[f"{family} vs {other.name}"] = keys_of((other,), members)
    return {family: keys for family, keys in found.items() if keys}


def families_of(subject: str, others: Sequence[str], told: Sequence[Metric]) -> Families:
    """Return the deltas of another subject than the headline's, all arms in one family."""
    arms = arms_named(set(others))
    found = {
        family: keys_of(arms, members, subject)
        for family, members in _metrics_of_families(told).items()
    }
    return {family: keys for family, keys in found.items() if keys}


def keys_of(
    others: Sequence[Reconstruction], metrics: Iterable[Metric], subject: str = SUBJECT.name
) -> list[DeltaKey]:
    """Return the deltas of a subject against some arms, metric by metric."""
    return [
        DeltaKey(other.name, metric.name, part, subject)
        for metric in metrics
        for other in others
        for part in metric.parts
    ]


def nested(values: Mapping[DeltaKey, Any]) -> dict[str, Any]:
    """Return values by `vs_<other>`, metric and part."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        found.setdefault(vs(key.other), {}).setdefault(key.metric, {})[key.part] = value
    return found


def _metrics_of_families(told: Sequence[Metric]) -> dict[str, list[Metric]]:
    """Return the metrics that there are deltas of, by family."""
    return {
        family: [metric for metric in members if metric in (*told, *OTHER_METRICS)]
        for family, members in METRICS.families.items()
    }
