"""The deltas of a hub as tables of the page: by family, and over dose and view."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tasks.catalogue.metric import HEADLINE
from tasks.report.statistics.delta_keys import others_told, vs
from tasks.report.statistics.told import subject_of, told_deltas
from tasks.report.texts.interval_texts import (
    condition_cells,
    delta_cells,
    family_title,
    interval_caption,
    notes,
    part_name,
    shown_families,
    told_columns,
)

CONDITION_DECIMALS = 4
CONDITION_HEADER = ("dose", "view", "split", "seeds")


class DeltaTable(NamedTuple):
    """A table, its title, and what its intervals mean, a sentence a note."""

    title: str
    rows: list[list[str]]
    notes: list[str]


def delta_tables(delta: Mapping[str, Any]) -> list[DeltaTable]:
    """Return the headline deltas, those of other metrics, and those over the other splits."""
    told, subject = told_deltas(delta), subject_of(delta)
    tables = [(family_title(family), found) for family, found in shown_families(told).items()]
    for split in told["deltas_by_split"]:
        if split != delta["aggregate_split"]:
            for family, found in _families_over(split, told).items():
                beside = "" if family == HEADLINE else f": {family_title(family)}"
                tables.append((f"Over the {split} split{beside}", found))
    return [
        DeltaTable(title, delta_cells(found), [*interval_caption(found, subject), *notes(found)])
        for title, found in tables
        if found
    ]


def condition_table(delta: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the deltas of every dose, view and split.

    Those over one dose and view are the headline's and need no table of their own: no rows then.
    There are none of one arm alone either.
    """
    told = told_deltas(delta)
    found = told["deltas_by_condition"]
    columns = [
        (other.name, metric, part, CONDITION_DECIMALS)
        for other in others_told(told["deltas"])
        for metric, part in told_columns(delta["directions"])
    ]
    titles = [f"{part_name(metric, part)} - {other}" for other, metric, part, _ in columns]
    header = [*CONDITION_HEADER, *titles]
    if not columns or len({(entry["dose"], entry["view"]) for entry in found}) < 2:
        return header, []
    return header, [condition_cells(entry, columns) for entry in found]


def _families_over(split: str, delta: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the deltas that are told over one split, by family, as `comparisons` has others."""
    values, intervals = delta["deltas_by_split"][split], delta["intervals_by_split"][split]
    found: dict[str, list[dict[str, Any]]] = {}
    for known in delta["comparisons"]:
        if known["metric"] in delta["directions"]:
            against, metric, part = (known[name] for name in ("against", "metric", "part"))
            entry = {"against": against, "metric": metric, "part": part}
            entry["delta"] = values[vs(against)][metric][part]
            entry |= intervals[vs(against)][metric][part]
            found.setdefault(known["family"], []).append(entry)
    return found
