"""Deltas as tables of the page."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tasks.catalogue.headline import metrics_among
from tasks.catalogue.metric import HEADLINE
from tasks.report.statistics.deltas import others_of, vs
from tasks.report.texts.interval_texts import (
    delta_cells,
    family_title,
    interval_caption,
    part_name,
    shown_families,
)
from tasks.report.texts.text_tables import signed

CONDITION_DECIMALS = 4
CONDITION_HEADER = ("dose", "view", "split", "seeds")


class DeltaTable(NamedTuple):
    """A table, its title, and what its intervals mean, a sentence a note."""

    title: str
    rows: list[list[str]]
    notes: list[str]


def delta_tables(delta: Mapping[str, Any]) -> list[DeltaTable]:
    """Return the headline deltas, those of other metrics, and those over the other splits."""
    tables = [
        _table(family_title(family), found) for family, found in shown_families(delta).items()
    ]
    for split in delta["deltas_by_split"]:
        if split != delta["aggregate_split"]:
            for family, found in _families_over(split, delta).items():
                beside = "" if family == HEADLINE else f": {family_title(family)}"
                tables.append(_table(f"Over the {split} split{beside}", found))
    return tables


def condition_table(delta: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the deltas of every dose, view and split.

    Those over one dose and view are the headline's and need no table of their own: no rows then.
    """
    found = delta["deltas_by_condition"]
    columns = [
        (other.name, metric, part)
        for other in others_of(delta["deltas"])
        for metric in metrics_among(delta["directions"])
        for part in metric.parts
    ]
    header = [f"{part_name(metric, part)} - {other}" for other, metric, part in columns]
    if len({(entry["dose"], entry["view"]) for entry in found}) < 2:
        return [*CONDITION_HEADER, *header], []
    rows = [
        [
            f"{entry['dose']:g}",
            *(str(entry[name]) for name in ("view", "split", "n_replicates")),
            *(
                signed(entry["deltas"][vs(other)][metric.name][part], CONDITION_DECIMALS)
                for other, metric, part in columns
            ),
        ]
        for entry in found
    ]
    return [*CONDITION_HEADER, *header], rows


def _table(title: str, found: list[dict[str, Any]]) -> DeltaTable:
    return DeltaTable(title, delta_cells(found), interval_caption(found))


def _families_over(split: str, delta: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the deltas that are told over one split, by family, as `comparisons` has others."""
    values, intervals = delta["deltas_by_split"][split], delta["intervals_by_split"][split]
    found: dict[str, list[dict[str, Any]]] = {}
    for known in delta["comparisons"]:
        if known["metric"] in delta["directions"]:
            against, metric, part = (known[name] for name in ("against", "metric", "part"))
            entry = {"against": against, "metric": metric, "part": part}
            entry |= {"delta": values[vs(against)][metric][part]}
            entry |= intervals[vs(against)][metric][part]
            found.setdefault(known["family"], []).append(entry)
    return found
